/** Logs of coding agents as they are: about 3 % words, the rest what tools gave back, reasoning, and bookkeeping. */
import { messageText } from './support.ts';

export type Tool = 'claude-code' | 'codex';

const json = JSON.stringify;
const timeOf = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();

/** Characters of base64, other ones for each seed. */
function noise(length: number, seed: number): string {
  let state = seed + 1;
  let text = '';
  while (text.length < length) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    text += state.toString(36);
  }
  return text.slice(0, length);
}

/** What a tool gives back: source code, listings, and now and then a mark that is not ASCII. */
function output(length: number, seed: number): string {
  const mark = seed % 10 === 0 ? '✓ ' : '';
  const line = `${mark}src/module-${seed}/file.ts:${seed % 300}:\t  if (value["${seed % 7}"] === '\\n') return { ok: true }; // ${noise(20, seed)}\n`;
  return line.repeat(Math.ceil(length / line.length)).slice(0, length);
}

/** Mostly short; each ninth is a long listing or a file. */
const outputLength = (seed: number) => (seed % 9 === 0 ? 16_000 : 600 + (seed % 11) * 200);

export function* codexLines(): Generator<string> {
  let second = 0;
  const line = (type: string, payload: object) => json({ timestamp: timeOf(second++), type, payload });
  yield line('session_meta', {
    id: 'session',
    cwd: '/home/mira/app',
    originator: 'codex-tui',
    cli_version: '0.144.3',
    base_instructions: { text: output(20_000, 1) },
  });
  for (let turn = 0; ; turn += 1) {
    yield line('event_msg', { type: 'task_started', turn_id: `${turn}` });
    yield line('turn_context', {
      turn_id: `${turn}`,
      cwd: '/home/mira/app',
      model: 'gpt',
      user_instructions: output(3_000, turn),
    });
    yield line('world_state', { full: turn % 10 === 0, state: { agents_md: output(3_000, turn) } });
    const asked = `Please look at part ${turn}: ${messageText(turn).slice(0, 300)}`;
    yield line('response_item', {
      type: 'message',
      role: 'user',
      content: [{ type: 'input_text', text: asked }],
    });
    yield line('event_msg', { type: 'user_message', message: asked, images: [] });
    for (let step = turn * 12; step < turn * 12 + 12; step += 1) {
      yield line('response_item', {
        type: 'reasoning',
        id: `rs_${step}`,
        summary: [],
        encrypted_content: noise(1_800, step),
      });
      if (step % 4 === 0) {
        const text = messageText(step).slice(0, 250);
        yield line('event_msg', { type: 'agent_message', message: text, phase: 'commentary' });
        yield line('response_item', {
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text }],
          phase: 'commentary',
        });
      }
      yield line('response_item', {
        type: 'function_call',
        name: 'exec_command',
        arguments: json({
          cmd: `sed -n '1,${step % 200}p' src/module-${step}/file.ts`,
          workdir: '/home/mira/app',
        }),
        call_id: `call_${step}`,
      });
      yield line('event_msg', {
        type: 'token_count',
        info: { total_token_usage: { input_tokens: step }, last_token_usage: { input_tokens: step } },
        rate_limits: { primary: { used_percent: 1.5, window_minutes: 300 } },
      });
      yield line('response_item', {
        type: 'function_call_output',
        call_id: `call_${step}`,
        output: `Chunk ID: ${step}\nWall time: 0.1 seconds\nProcess exited with code 0\nOutput:\n${output(outputLength(step), step)}`,
      });
    }
    if (turn % 15 === 14)
      yield line('compacted', {
        message: '',
        replacement_history: Array.from({ length: 40 }, (_, index) => ({
          type: 'message',
          role: 'user',
          content: [{ type: 'input_text', text: output(2_000, index) }],
        })),
      });
    yield line('event_msg', { type: 'task_complete', turn_id: `${turn}`, last_agent_message: 'Done.' });
  }
}

export function* claudeLines(): Generator<string> {
  let number = 0;
  const line = (type: string, more: object) =>
    json({
      parentUuid: number === 0 ? null : `uuid-${number - 1}`,
      isSidechain: false,
      userType: 'external',
      cwd: '/home/mira/app',
      sessionId: 'session',
      version: '2.1.9',
      gitBranch: 'main',
      type,
      ...more,
      uuid: `uuid-${number++}`,
      timestamp: timeOf(number),
    });
  const said = (id: string, block: object) =>
    line('assistant', {
      message: {
        model: 'claude',
        id,
        type: 'message',
        role: 'assistant',
        content: [block],
        stop_reason: null,
        usage: { input_tokens: 3, cache_creation_input_tokens: 5_120, cache_read_input_tokens: 14_000 },
      },
      requestId: `req_${id}`,
    });
  for (let turn = 0; ; turn += 1) {
    yield json({
      type: 'file-history-snapshot',
      messageId: `uuid-${number}`,
      snapshot: { trackedFileBackups: { 'src/file.ts': noise(1_500, turn) } },
    });
    yield line('user', {
      message: { role: 'user', content: `Part ${turn}: ${messageText(turn).slice(0, 300)}` },
    });
    for (let step = turn * 12; step < turn * 12 + 12; step += 1) {
      const id = `msg_${step}`;
      yield said(id, { type: 'thinking', thinking: '', signature: noise(1_800, step) });
      if (step % 3 === 0) yield said(id, { type: 'text', text: messageText(step).slice(0, 300) });
      yield said(id, {
        type: 'tool_use',
        id: `toolu_${step}`,
        name: 'Bash',
        input: {
          command: `sed -n '1,${step % 200}p' src/module-${step}/file.ts`,
          description: 'Read a file',
        },
      });
      yield line('progress', {
        data: { type: 'hook_progress', hookEvent: 'PostToolUse', command: 'canary' },
        toolUseID: `toolu_${step}`,
        parentToolUseID: `toolu_${step}`,
      });
      const stdout = output(outputLength(step), step);
      yield line('user', {
        message: {
          role: 'user',
          content: [{ tool_use_id: `toolu_${step}`, type: 'tool_result', content: stdout, is_error: false }],
        },
        toolUseResult: { stdout, stderr: '', interrupted: false, isImage: false },
      });
    }
    yield line('attachment', { attachment: { type: 'skill_listing', content: output(4_000, turn) } });
  }
}

/** A line that is a message, of the person and of the assistant in turn. */
export function messageLine(tool: Tool, seed: number): string {
  const role = seed % 2 === 0 ? 'user' : 'assistant';
  const [text, timestamp] = [messageText(seed), timeOf(seed)];
  const type = role === 'user' ? 'input_text' : 'output_text';
  if (tool === 'codex')
    return json({
      timestamp,
      type: 'response_item',
      payload: { type: 'message', role, content: [{ type, text }] },
    });
  return json({
    parentUuid: seed === 0 ? null : `uuid-${seed - 1}`,
    sessionId: 'session',
    type: role,
    message: { role, content: [{ type: 'text', text }] },
    uuid: `uuid-${seed}`,
    timestamp,
  });
}
