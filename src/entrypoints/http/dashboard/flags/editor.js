import { batch, signal } from '../packages.js';
import { Problem } from '../service.js';
import { flagOf } from './comparison.js';
import { definitionOf, draftOf, newDraft, placed } from './draft.js';
import { Conflict, changeFlag } from './flags.js';

/**
 * @import { Flag } from '../../../../domain/flags/flag.ts'
 * @import { FlagDraft } from './draft.js'
 * @import { FlagSet } from './flags.js'
 */

const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * A flag while somebody edits it. What is typed stays whatever the service answers, and when the viewer looks at something
 * else meanwhile.
 */
export class FlagEditor {
  draft;
  reason = '';
  /** What is wrong, by the parts of the draft. */
  errors = signal(/** @type {readonly { at: string, message: string }[]} */ ([]));
  problem = signal(/** @type {Problem | undefined} */ (undefined));
  /** What somebody else has made of the flag meanwhile. */
  theirs = signal(/** @type {{ before: Flag | undefined, now: Flag | undefined } | undefined} */ (undefined));
  isSaving = signal(false);
  /** What was done to the parts, for those who do not see it. */
  said = signal('');
  /** Whether it was left and opened again. */
  isResumed = false;
  #version = signal(0);
  #set;
  #begun;

  /**
   * @param {FlagSet} set as it is seen
   * @param {Flag} [flag] a new one without
   */
  constructor(set, flag) {
    this.#set = set;
    this.flag = flag;
    this.isNew = flag === undefined;
    this.draft = flag ? draftOf(flag) : newDraft();
    this.#begun = JSON.stringify(this.draft);
  }

  /** Whether there is anything that would be lost. */
  get isChanged() {
    return this.reason !== '' || JSON.stringify(this.draft) !== this.#begun;
  }

  /** The draft, to be shown: whoever reads it here is told of its changes. */
  get shown() {
    void this.#version.value;
    return this.draft;
  }

  /** The draft as a flag, with what is wrong with it so far. */
  get definition() {
    return definitionOf(this.shown);
  }

  /**
   * @param {(draft: FlagDraft) => unknown} change
   * @param {string} [words] for those who do not see it
   */
  edit(change, words) {
    change(this.draft);
    batch(() => {
      this.#version.value++;
      if (words !== undefined) this.said.value = words;
    });
  }

  /**
   * Changes fields of a part of the draft.
   *
   * @template {object} Part
   * @param {Part} part
   * @param {Partial<Part>} fields
   */
  change(part, fields) {
    this.edit(() => Object.assign(part, fields));
  }

  /**
   * @returns {Promise<FlagSet | undefined>} the set with the flag; undefined where it was refused, and why can be seen
   */
  async save() {
    if (this.isSaving.value) return undefined;
    const { definition, errors } = this.definition;
    const key = this.draft.key.trim();
    const ofKey = this.isNew ? this.#wrongWithKey(key) : [];
    batch(() => {
      this.problem.value = undefined;
      this.theirs.value = undefined;
      this.errors.value = [...ofKey, ...placed(this.draft, errors)];
    });
    if (this.errors.value.length > 0) return undefined;
    this.isSaving.value = true;
    try {
      return await changeFlag(this.#set, key, { put: definition }, this.reason.trim());
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#refuse(error, key);
      return undefined;
    } finally {
      this.isSaving.value = false;
    }
  }

  /** @param {string} key of a new flag */
  #wrongWithKey(key) {
    if (!KEY.test(key))
      return [{ at: 'flag-key', message: '1 to 64 letters, digits, dots, _ and -, with a letter or digit first' }];
    return flagOf(this.#set, key) ? [{ at: 'flag-key', message: 'There is a flag of this key already.' }] : [];
  }

  /** Goes on with what is typed, in place of what somebody else has made meanwhile. */
  goOn() {
    this.theirs.value = undefined;
  }

  /**
   * @param {Problem} problem
   * @param {string} key
   */
  #refuse(problem, key) {
    batch(() => {
      if (problem instanceof Conflict) {
        const before = flagOf(this.#set, key);
        // From here on it is compared with what the viewer is shown.
        this.#set = problem.set;
        if (this.isNew) this.errors.value = this.#wrongWithKey(key);
        else this.theirs.value = { before, now: flagOf(problem.set, key) };
        return;
      }
      this.errors.value = placed(this.draft, problem.errors);
      this.problem.value = problem;
    });
  }
}

/** Editors by set and key: of a new flag the key is empty. @type {Map<string, FlagEditor>} */
const editors = new Map();

addEventListener('beforeunload', (event) => {
  if ([...editors.values()].some(({ isChanged }) => isChanged)) event.preventDefault();
});

/**
 * The editor of a flag, with what was typed before if it was left.
 *
 * @param {FlagSet} set
 * @param {Flag} [flag]
 */
export function editorOf(set, flag) {
  const name = nameOf(set.setId, flag?.key);
  const editor = editors.get(name) ?? new FlagEditor(set, flag);
  editor.isResumed = editors.has(name) && editor.isChanged;
  editors.set(name, editor);
  return editor;
}

/**
 * Whether somebody has typed something of a flag that is not saved.
 *
 * @param {string} setId
 * @param {string} [key]
 */
export const isBeingEdited = (setId, key) => editors.get(nameOf(setId, key))?.isChanged ?? false;

/**
 * @param {string} setId
 * @param {string} [key]
 */
export const forgetEditor = (setId, key) => editors.delete(nameOf(setId, key));

/**
 * @param {string} setId
 * @param {string} [key]
 */
const nameOf = (setId, key = '') => `${setId}/${key}`;
