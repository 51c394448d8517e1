import { createHash } from 'node:crypto';
import type { AnsweredBallot } from '../../../domain/votes/answer-ballot.ts';
import { isReadOnly, type Poll, pollStatus } from '../../../domain/votes/poll.ts';
import { matchWord } from '../../../domain/votes/words.ts';
import { timestamp } from '../schemas.ts';

/** What the voters' page of a poll shows. */
export interface VotingPage {
  readonly poll: Poll;
  /** Epoch ms. */
  readonly now: number;
  /** Where its forms go. */
  readonly action: string;
  /** Identity of the vote that its forms cast or answer for. */
  readonly voteId: string;
  /** A choice that the link names. */
  readonly marked?: string | undefined;
  /** The vote, if it is counted; `hidden` if it is, and may not be shown to everybody who knows its identity. */
  readonly vote?: AnsweredBallot | 'hidden' | undefined;
  /** Why what was sent does not count, for the voter to read. */
  readonly refusal?: string | undefined;
  /** Whether the voter has just tried to vote once more. */
  readonly isRepeat?: boolean;
  /** Answers that were sent and are not kept, by id of the question. */
  readonly unkept?: Readonly<Record<string, string>>;
}

/** Text that has been made HTML already. */
class Html {
  constructor(readonly text: string) {}
}

type Part = Html | string | readonly Html[] | undefined;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const textOf = (part: Part): string => {
  if (part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return part.replace(/[&<>"']/g, (character) => ESCAPES[character] as string);
  return part.map(({ text }) => text).join('');
};

/** HTML in which every text stands for itself, whatever it holds. */
const html = (parts: TemplateStringsArray, ...values: readonly Part[]): Html =>
  new Html(String.raw({ raw: parts }, ...values.map(textOf)));

const STYLE = `
:root { color-scheme: light dark; --ground: #f3f5f7; --surface: #fff; --line: #7c8b99; --ink: #132433; --muted: #526373;
  --accent: #0b6586; --on-accent: #fff; --good: #16784a; --bad: #b4262f }
@media (prefers-color-scheme: dark) { :root { --ground: #0c141c; --surface: #141f2a; --line: #6b7f92; --ink: #e8eef3;
  --muted: #a3b3c1; --accent: #5cbadb; --on-accent: #08202b; --good: #4fc98b; --bad: #ff8c8c } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1.125rem/1.5 system-ui, sans-serif }
main { max-width: 34rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
h1 { font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere }
p, label { overflow-wrap: anywhere }
.hint { margin: 0; color: var(--muted); font-size: 1rem }
form { display: grid; gap: .75rem }
label { font-weight: 600 }
input, textarea, button { font: inherit; width: 100%; min-height: 3.25rem; padding: .6rem 1rem; border-radius: .75rem;
  border: 1px solid var(--line); background: var(--surface); color: var(--ink) }
button { cursor: pointer; font-weight: 600; border: 2px solid var(--accent); color: var(--accent); overflow-wrap: anywhere }
button.marked, button.send { background: var(--accent); color: var(--on-accent) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px }
.note { padding: .75rem 1rem; border-radius: .75rem; border: 1px solid var(--line); border-left: .4rem solid var(--muted);
  background: var(--surface) }
.note.good { border-left-color: var(--good) }
.note.bad { border-left-color: var(--bad) }
[hidden] { display: none }
`;

/**
 * What the page may load and do: nothing but its own style and its forms.
 *
 * @param embedOrigins whose pages may show it in a frame
 */
export const votingPagePolicy = (embedOrigins: readonly string[]): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    "form-action 'self'",
    "base-uri 'none'",
    `frame-ancestors ${embedOrigins.length > 0 ? embedOrigins.join(' ') : "'none'"}`,
  ].join('; ');

/** The voters' page of a poll, which works without script. */
export function votingPage(page: VotingPage): string {
  const { poll, refusal } = page;
  return documentOf(
    poll.question,
    html`<h1 dir="auto">${poll.question}</h1>
${refusal === undefined ? undefined : html`<p class="note bad" role="alert">${refusal}</p>`}
${bodyOf(page)}`,
  );
}

function bodyOf(page: VotingPage): Html {
  const { vote, isRepeat } = page;
  if (vote === undefined) return unvotedBody(page);
  if (vote === 'hidden')
    return good(
      isRepeat
        ? html`A vote from this link is counted already, and the first one counts.`
        : html`A vote from this link is counted.`,
    );
  return votedBody(page, vote);
}

/** The page where there is no poll. */
export const refusalPage = (refusal: string): string =>
  documentOf('Vote', html`<h1>Vote</h1>\n<p class="note bad" role="alert">${refusal}</p>`);

/**
 * The page where what was sent may succeed in a while: it holds all of it, to be sent once more.
 *
 * @param fields of the form, by name
 */
export const retryPage = (refusal: string, action: string, fields: Readonly<Record<string, string>>): string =>
  documentOf(
    'Vote',
    html`<h1>Vote</h1>
<p class="note bad" role="alert">${refusal}</p>
<form method="post" action="${action}">
${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">\n`)}
<button class="send">Send once more</button>
</form>`,
  );

const documentOf = (title: string, body: Html): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`.text;

function unvotedBody(page: VotingPage): Html {
  const { poll, now } = page;
  if (isReadOnly(poll)) return note('This poll is closed and takes no more votes.');
  switch (pollStatus(poll, now)) {
    case 'closed':
      return note('This poll is closed and takes no more votes.');
    case 'scheduled': {
      const opens = timestamp(poll.opensAt ?? now);
      return html`<p class="note">This poll opens at <time datetime="${opens}">${opens.slice(0, 16).replace('T', ' ')} UTC</time>.</p>`;
    }
    case 'open':
      return poll.channels.includes('web') ? choiceForm(page) : note('This poll takes votes by text message alone.');
  }
}

function choiceForm({ poll, action, voteId, marked }: VotingPage): Html {
  const found = marked === undefined ? undefined : matchWord(poll.choices, marked);
  const buttons = poll.choices.map((choice, index) =>
    index === found
      ? html`<button class="marked" name="choice" value="${choice}" dir="auto" autofocus aria-describedby="marked">${choice}</button>\n`
      : html`<button name="choice" value="${choice}" dir="auto">${choice}</button>\n`,
  );
  // The first button is the one that Enter in a field would press.
  return html`${
    found === undefined
      ? undefined
      : html`<p id="marked" class="note">Your vote counts once you press <strong dir="auto">${poll.choices[found]}</strong>, or another choice.</p>`
  }
<form method="post" action="${action}">
<button disabled hidden></button>
<input type="hidden" name="v" value="${voteId}">
${
  poll.voterLimit === 'one'
    ? html`<label for="voter">Your name or address</label>
<input id="voter" name="voter" maxlength="256" required autocomplete="email" aria-describedby="voter-note">
<p id="voter-note" class="hint">Each voter has one vote. The name is not stored as you write it.</p>`
    : undefined
}
${buttons}</form>`;
}

function votedBody(page: VotingPage, { choice, answers, revision }: AnsweredBallot): Html {
  const { poll, now, action, voteId, isRepeat, unkept = {} } = page;
  const { questions = [] } = poll;
  const chosen = html`<strong dir="auto">${choice}</strong>`;
  const counted = good(
    isRepeat
      ? html`You have voted already: your vote for ${chosen} counts.`
      : html`Your vote for ${chosen} is counted.`,
  );
  if (questions.length === 0) return counted;
  if (pollStatus(poll, now) === 'closed')
    return html`${counted}\n${note('This poll is closed and takes no more answers.')}`;
  const fields = questions.map(
    ({ id, text }, index) => html`<label for="question-${String(index)}" dir="auto">${text}</label>
<textarea id="question-${String(index)}" name="answers.${id}" rows="3" maxlength="1000" dir="auto">
${unkept[id] ?? answers[id] ?? ''}</textarea>
`,
  );
  return html`${counted}
${revision > 0 && page.refusal === undefined ? html`<p class="note good">Your answers are kept. You can change them until the poll closes.</p>` : undefined}
<form method="post" action="${action}">
<input type="hidden" name="v" value="${voteId}">
${fields}<button class="send">Send answers</button>
</form>`;
}

const good = (text: Html): Html => html`<p class="note good" role="status">${text}</p>`;

const note = (text: string): Html => html`<p class="note">${text}</p>`;
