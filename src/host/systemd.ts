import { toPlace, type Target } from './target.ts';

/** What the units start, and for whom. Paths are absolute. */
export interface Service extends Target {
  /** The command line, such as a Node and the script it runs. */
  command: readonly string[];
  user: string;
  data: string;
  library: string;
  owner: string;
}

/**
 * Two hardened services: one serves the output, one keeps it up to date. Each can do its work alone.
 *
 * Not among the restrictions: `MemoryDenyWriteExecute`, since JavaScript is compiled into memory; and the home folder
 * stays readable, since that is where the sessions lie that pages follow.
 *
 * @returns File name → unit.
 * @throws ShareError `config_invalid` for a path that cannot stand in a unit.
 */
export function toUnits(service: Service): Map<string, string> {
  const place = toPlace(service);
  for (const path of [service.data, service.library, ...service.command])
    toPlace({ ...service, output: path });
  const serve = `serve --no-watch --host 127.0.0.1 --port ${place.isLoopback ? place.port : 4321}`;
  return new Map([
    [
      'conversation-share-serve.service',
      unit(service, 'serves shared conversations', serve, [
        '# A proxy with TLS stands in front; only it may connect.',
        'IPAddressDeny=any',
        'IPAddressAllow=localhost',
        'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6',
      ]),
    ],
    [
      'conversation-share-watch.service',
      unit(service, 'keeps shared conversations up to date', 'watch', [
        '# It talks to nobody.',
        'PrivateNetwork=yes',
        'RestrictAddressFamilies=AF_UNIX',
      ]),
    ],
  ]);
}

function unit(service: Service, does: string, verb: string, network: readonly string[]): string {
  const { command, user, data, library, output, owner, site } = service;
  const settings = { DATA: data, LIBRARY: library, OUTPUT: output, SITE: site, OWNER: owner };
  const writable = [data, ...(isInside(data, output) ? [] : [output.replace(/\/[^/]*$/, '')])];
  return `[Unit]
Description=conversation-share ${does}
After=network.target

[Service]
Type=exec
User=${user}
ExecStart=${command.map(quoted).join(' ')} ${verb}
${Object.entries(settings)
  .map(([name, value]) => `Environment=${quoted(`SHARE_${name}=${value}`)}`)
  .join('\n')}
Environment=NO_COLOR=1
# Exit codes: 2 is a setting, 5 another watcher; starting again would not help.
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2 5
TimeoutStopSec=15

# It reads what its user may read, and writes its data folder.
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths=${writable.map(quoted).join(' ')}
PrivateTmp=yes
UMask=0022
${network.join('\n')}

CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
DevicePolicy=closed
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

/** `%` begins a specifier. `$` means something in `ExecStart` only, whose paths hold none. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/%/g, '%%')}"`;
}

function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
