import type { PublishedFile, Round, Snapshot, SnapshotSubAgent } from '../../src/snapshot/snapshot.ts';

const sha256 = 'c0ffee00'.repeat(8);

export function aFile(
  name: string,
  mediaType: string,
  sizeBytes: number,
  more: Partial<PublishedFile> = {},
): PublishedFile {
  const kind = mediaType.replace(/^.*\//, '').toUpperCase();
  return { name, path: `files/${sha256.slice(0, 16)}/${name}`, mediaType, kind, sizeBytes, sha256, ...more };
}

/** A small conversation of one round; each test changes what it is about. */
export function aSnapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    version: 1,
    title: 'A small talk',
    type: 'chat',
    createdAt: '2026-11-22T10:00:00.000Z',
    updatedAt: '2026-11-22T10:05:00.000Z',
    rounds: [aRound(1, 'What is 2 + 2?', 'It is **4**.')],
    files: [],
    ...changes,
  };
}

export function aRound(number: number, question: string, answer: string): Round {
  return {
    number,
    messages: [
      { role: 'user', createdAt: '2026-11-22T10:00:00.000Z', parts: [{ type: 'text', text: question }] },
      { role: 'assistant', createdAt: '2026-11-22T10:00:09.000Z', parts: [{ type: 'text', text: answer }] },
    ],
  };
}

/** `rounds` rounds of prose, now and then with code or a table: the weight of an ordinary conversation. */
export function aLongSnapshot(rounds: number): Snapshot {
  const prose =
    'A moving average smooths the noise, but it also *lags*: with a window of `n` samples the curve follows about ' +
    '`n / 2` samples late. If that matters, use an exponential one and choose its half-life by the delay you can bear. ';
  const block =
    '\n\n```python\ndef ema(xs, a):\n    y = xs[0]\n    for x in xs:\n        y += a * (x - y)\n        yield y\n```\n';
  const table = '\n\n| window | lag | noise |\n|---|--:|--:|\n| 5 | 2 | 0.44 |\n| 20 | 10 | 0.22 |\n';
  const answers = [prose.repeat(2), prose + block, prose + table, prose.repeat(3)];
  return aSnapshot({
    title: 'Smoothing a noisy signal',
    rounds: Array.from({ length: rounds }, (_, index) =>
      aRound(
        index + 1,
        `Question ${index + 1}: ${prose}`,
        `Answer ${index + 1}. ${answers[index % answers.length]}`,
      ),
    ),
  });
}

/** Has headings, a picture, a second task, and an agent of its own. */
function aSubAgent(): SnapshotSubAgent {
  return {
    name: 'Explore',
    rounds: [
      {
        number: 1,
        messages: [
          {
            role: 'user',
            createdAt: '2026-02-27T22:41:09.000Z',
            parts: [{ type: 'text', text: 'Find out when the **ferry** was in the dock.' }],
          },
          {
            role: 'assistant',
            parts: [
              {
                type: 'text',
                text: '# Notices\n\n| from | to |\n|---|---|\n| 3 Feb | 13 Feb |\n\n```sh\nls\n```',
              },
              { type: 'image', file: 1, alt: 'A gap of eleven days' },
              {
                type: 'tool-call',
                name: 'spawn_agent',
                input: {},
                status: 'failed',
                subAgent: { rounds: [aRound(1, 'اقرأ الإشعارات', 'لم أجد شيئًا.')] },
              },
            ],
          },
        ],
      },
      aRound(2, 'And the year before?', 'The same days.'),
    ],
  };
}

/** Everything a page can show at once: for eyes, and for checks of whole pages. */
export function aRichSnapshot(): Snapshot {
  return aSnapshot({
    title: 'Why do the sales of the north-east region fall every February?',
    type: 'data analysis',
    createdAt: '2026-02-27T22:41:00.000Z',
    updatedAt: '2026-03-01T09:05:00.000Z',
    files: [
      aFile('sales-2025.csv', 'text/csv', 48_213, {
        description: 'Daily sales by region, exported from the till system',
      }),
      aFile('charts/february dip.png', 'image/png', 18_440, { width: 960, height: 420 }),
      aFile('analysis.ipynb', 'application/x-ipynb+json', 91_004),
      aFile(
        'a-very-long-name-without-any-space-that-still-has-to-fit-on-a-telephone-screen-of-320-pixels.pdf',
        'application/pdf',
        1_204_881,
      ),
      aFile(
        'تقرير المبيعات.docx',
        'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
        33_120,
      ),
      { ...aFile('dashboard.html', 'text/html', 7_020), path: 'files/00ff00ff00ff00ff/dashboard.html.wasm' },
      aFile('interview.mp3', 'audio/mpeg', 2_904_000),
    ],
    zip: { path: 'zip/0123456789abcdef/Why do the sales fall.zip', sizeBytes: 4_301_223 },
    rounds: [
      {
        number: 1,
        messages: [
          {
            role: 'user',
            createdAt: '2026-02-27T22:41:00.000Z',
            parts: [
              {
                type: 'text',
                text: 'Here are our daily sales. **Every February** the north-east drops by about a fifth. Is that the weather, or are we doing something wrong?\n\nPlease start with `sales-2025.csv`.',
              },
              { type: 'file', file: 0 },
            ],
          },
          {
            role: 'assistant',
            createdAt: '2026-02-27T22:41:08.000Z',
            parts: [
              {
                type: 'thinking',
                text: 'The region, the month, the size of the effect. First look at the *columns*, then at the years one by one.',
              },
              { type: 'text', text: 'Let me look at the columns first, then at each year on its own.' },
              {
                type: 'tool-call',
                name: 'Bash',
                input: {
                  command: 'head -5 sales-2025.csv && wc -l sales-2025.csv',
                  description: 'Look at the first rows',
                  timeout: 5000,
                },
                output:
                  'date,region,store,units,revenue\n2025-01-01,north-east,Harbour,112,2240.50\n2025-01-01,north-east,Mill Lane,98,1911.00\n2025-01-01,south,Plaza,203,4410.75\n2025-01-01,south,Station,187,3802.10\n   17521 sales-2025.csv',
                status: 'done',
              },
              {
                type: 'tool-call',
                name: 'Read',
                input: {
                  file_path: 'notebooks/regional/quarterly/very/deep/folder/with/a/long/path/analysis.ipynb',
                  offset: 1,
                  limit: 200,
                },
                output: Array.from(
                  { length: 80 },
                  (_, line) => `${String(line + 1).padStart(4)}→${'x'.repeat((line * 37) % 130)}`,
                ).join('\n'),
                status: 'done',
              },
              {
                type: 'tool-call',
                name: 'Edit',
                input: {
                  file_path: 'analysis.py',
                  old_string: "rows = rows[rows.month == 'Feb']\nrows.sum()",
                  new_string:
                    "rows = rows[rows.month == 'Feb'].dropna()\n# Closed days are missing, not zero.\nrows.groupby('store').mean()",
                },
                output: 'The file analysis.py has been updated.',
                status: 'done',
              },
              {
                type: 'tool-call',
                name: 'mcp__warehouse__query',
                input: {
                  query: { table: 'sales', where: [{ month: 2 }, { region: 'north-east' }] },
                  limit: 10,
                },
                output: 'Error: connection refused (warehouse.internal:5432)',
                status: 'failed',
              },
              {
                type: 'tool-call',
                name: 'WebSearch',
                input: { query: 'harbour ferry timetable february 2025' },
                status: 'pending',
              },
              {
                type: 'tool-call',
                name: 'Task',
                input: { description: 'Read the harbour notices', subagent_type: 'Explore' },
                output: 'The ferry was in the dock from 3 to 13 February.',
                status: 'done',
                subAgent: aSubAgent(),
              },
            ],
          },
          {
            role: 'assistant',
            parts: [
              {
                type: 'text',
                text: `## What the numbers say

The dip is real, but it is **one store**, not the region:

| store | Jan | Feb | Mar | change in Feb |
|---|--:|--:|--:|---|
| Harbour | 112.4 | 61.0 | 109.8 | closed for eleven days while the ferry is in the dock |
| Mill Lane | 98.1 | 97.5 | 99.2 | none |
| Old Market | 76.0 | 75.2 | 77.9 | none |

1. The ferry goes to the dock every February.
2. Harbour closes, and its days are *missing*, so the sum falls.
   - a mean by open day hides this
   - a sum by month shows it
3. Nobody buys less.

> The absence of a row is not a zero.

- [x] check the closed days
- [x] compare by store
- [ ] ask the manager of Harbour

### The estimate

With $n$ open days and daily sales $x_i$, the mean is

$$\\bar{x} = \\frac{1}{n} \\sum_{i=1}^{n} x_i \\pm 1.96 \\sqrt{\\frac{s^2}{n}}$$

so a month with fewer days is only less certain, not lower. It would cost $5 to $10 to check[^1].

\`\`\`python
import pandas as pd

def open_days(frame: pd.DataFrame) -> pd.Series:
    """Days with at least one sale, by store."""
    return frame[frame.units > 0].groupby("store").date.nunique()  # 28 for all but Harbour

print(open_days(pd.read_csv("sales-2025.csv")))
\`\`\`

\`\`\`typescript
interface Day { store: string; units: number }
export const busiest = (days: readonly Day[]) =>
  days.reduce((most, day) => (day.units > most.units ? day : most), days[0]!);
\`\`\`

\`\`\`sql
SELECT store, count(DISTINCT date) AS open_days, sum(units) / count(DISTINCT date)::numeric AS units_per_day
FROM sales WHERE extract(month FROM date) = 2 GROUP BY store ORDER BY 2 DESC;
\`\`\`

\`\`\`diff
- revenue.sum()
+ revenue.sum() / open_days
\`\`\`

\`\`\`html
<p class="note">Harbour was <em>closed</em>.</p>
\`\`\`

Press <kbd>Ctrl</kbd>+<kbd>R</kbd>, or see https://example.org/ferry.

<details><summary>Method</summary>

Median of daily means.

</details>`,
              },
              { type: 'image', file: 1, alt: 'Daily units by store; Harbour has a gap in February' },
              {
                type: 'sources',
                sources: [
                  { title: 'Ferry timetable 2025', url: 'https://ferry.example.org/timetable?year=2025' },
                  { url: 'https://harbour.example.org/notices' },
                  { title: 'إشعارات الميناء', url: 'https://xn--mgbh0fb.example/notices' },
                ],
              },
            ],
          },
        ],
      },
      {
        number: 2,
        messages: [
          {
            role: 'user',
            createdAt: '2026-02-28T08:00:00.000Z',
            parts: [
              { type: 'text', text: 'اشرح لي النتيجة بالعربية من فضلك، واذكر اسم الملف `sales-2025.csv`.' },
            ],
          },
          {
            role: 'assistant',
            createdAt: '2026-02-28T08:00:12.000Z',
            parts: [
              {
                type: 'text',
                text: '## الخلاصة\n\nالانخفاض **حقيقي** لكنه في متجر واحد فقط:\n\n- متجر المرفأ يغلق أحد عشر يومًا\n- بقية المتاجر لم تتغير\n\n> غياب السطر ليس صفرًا.\n\n| المتجر | يناير | فبراير |\n|---|--:|--:|\n| المرفأ | 112 | 61 |\n\n```python\nprint("مرحبا")\n```',
              },
            ],
          },
        ],
      },
      {
        number: 3,
        messages: [
          {
            role: 'user',
            createdAt: '2026-02-28T09:00:00.000Z',
            parts: [{ type: 'text', text: '日本語でも一言お願いします。' }],
          },
          {
            role: 'assistant',
            createdAt: '2026-02-28T09:00:07.000Z',
            parts: [
              {
                type: 'text',
                text: '落ち込みは**一店舗だけ**です。フェリーが二月にドック入りする間、港の店は十一日間休業します。売上そのものは減っていません。',
              },
            ],
          },
        ],
      },
      aRound(
        4,
        'Could you write me one sentence for the board?',
        'Sales in the north-east do not fall in February; one store is closed for eleven days.',
      ),
      aRound(5, 'Thank you!', 'You are welcome.'),
    ],
  });
}
