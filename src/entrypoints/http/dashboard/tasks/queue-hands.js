import { openForm, WHOLE } from '../form.js';
import { formatCount } from '../format.js';
import { Problem } from '../service.js';
import { deleteQueue, purgeQueue, redriveQueue } from './tasks.js';

/** @import { PurgedStatus, Queue } from './tasks.js' */

/**
 * Asks how many tasks of a queue are to be brought back, and does it.
 *
 * @param {string} queue
 * @param {'FAILURE' | 'SHED'} status
 * @param {number} count of those that there are, or may be
 * @param {(words: string) => void} onDone
 */
export function openRedrive(queue, status, count, onDone) {
  const what = count === 1 ? 'dead letter' : 'dead letters';
  openForm(status === 'SHED' ? 'Redrive the shed tasks?' : `Redrive ${formatCount(count)} ${what}?`, {
    text: 'They are pending again in their old places, with all their attempts and a new deadline.',
    fields: [{ name: 'limit', label: 'At most', hint: 'The newest first. All of them if empty.', ...WHOLE }],
    action: 'Redrive',
    cancelLabel: 'Leave them',
    send: ({ limit = '' }) => redriveQueue(queue, status, limit.trim() === '' ? count : Number(limit)),
    onDone: (redriven) => onDone(`${counted(redriven)} pending again.`),
    refusal: 'They cannot be redriven like this. See what is said at the field.',
  });
}

const PURGES = {
  PENDING: {
    title: 'Cancel all pending tasks?',
    text: 'Nobody runs them any more, and nothing brings them back. You can still read them, among the cancelled ones.',
    action: 'Cancel the tasks',
    done: 'cancelled',
  },
  FAILURE: removal('dead letters'),
  SHED: removal('shed tasks'),
  CANCELLED: removal('cancelled tasks'),
};

/** @param {string} what */
function removal(what) {
  const text = 'They are gone for good, with their payloads and histories.';
  return { title: `Remove all ${what}?`, text, action: 'Remove the tasks', done: 'gone' };
}

/**
 * Has the viewer type the name of the queue, and removes its tasks of a status.
 *
 * @param {string} queue
 * @param {PurgedStatus} status
 * @param {(words: string) => void} onDone
 */
export function openPurge(queue, status, onDone) {
  const { title, text, action, done } = PURGES[status];
  openForm(title, {
    text,
    fields: [{ name: 'name', label: 'Name of the queue', hint: `Type ${queue} to go on.`, required: true }],
    action,
    cancelLabel: 'Leave them',
    isDangerous: true,
    send: async ({ name = '' }) => {
      if (name.trim() === queue) return purgeQueue(queue, status);
      const errors = [{ path: 'name', message: `is not the name of this queue, which is ${queue}` }];
      throw new Problem('Nothing was done.', { errors });
    },
    onDone: (removed) => onDone(`${counted(removed)} ${done}.`),
    refusal: 'Nothing was done.',
  });
}

/**
 * Asks whether a queue without open tasks is to go, and deletes it.
 *
 * @param {Queue & { etag: string }} queue
 * @param {() => void} onDone
 */
export const openDelete = ({ queue, etag }, onDone) =>
  openForm(`Delete the queue ${queue}?`, {
    text: 'Its settings go. Tasks that are finished can be found by their ids for as long as any.',
    fields: [],
    action: 'Delete the queue',
    cancelLabel: 'Leave it',
    isDangerous: true,
    send: () => deleteQueue(queue, etag),
    onDone,
    refusal: 'The queue is still there.',
  });

/** @param {number} count */
const counted = (count) => `${formatCount(count)} ${count === 1 ? 'task is' : 'tasks are'}`;
