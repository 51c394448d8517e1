import { openForm } from '../form.js';
import { createFlagSet } from './flags.js';

/** @import { FlagSet } from './flags.js' */

/** @param {(set: FlagSet) => void} onDone */
export const openNewSet = (onDone) =>
  openForm('New flag set', {
    name: 'new flag set',
    fields: [
      {
        name: 'setId',
        label: 'Id',
        hint: 'Letters, digits, _ and -. It stands in the address that programs ask. It is made up if empty.',
        autofocus: true,
      },
      { name: 'title', label: 'Title', hint: 'What it is for.', spellcheck: true },
    ],
    action: 'Make the set',
    send: ({ setId = '', title = '' }) =>
      createFlagSet({
        ...(setId.trim() !== '' && { setId: setId.trim() }),
        ...(title.trim() !== '' && { title: title.trim() }),
      }),
    onDone,
    refusal: 'There cannot be such a set. See what is said at the fields.',
  });
