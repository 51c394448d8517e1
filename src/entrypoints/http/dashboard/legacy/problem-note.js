import { element, isolated } from './dom.js';

/** @import { Problem } from '../service.js' */

/**
 * Says what went wrong, as the service put it.
 *
 * @param {Problem} problem
 * @param {...Node} actions what the viewer can do about it
 */
export const problemNote = (problem, ...actions) =>
  element(
    'div',
    { class: problem.isAbsence ? 'note' : 'problem', role: 'alert' },
    element('p', {}, isolated(problem.errors.length > 0 ? 'This cannot be done as it is:' : problem.message)),
    ...(problem.errors.length > 0 ? [problemList(problem)] : []),
    ...(problem.status === 401 ? [element('p', {}, 'Change the key with the button at the top of the page.')] : []),
    ...actions,
  );

/**
 * Says what went wrong with something that is asked for again while there is hope.
 *
 * @param {Problem} problem
 */
export const retriedNote = (problem) =>
  problemNote(problem, ...(problem.isPassing ? [element('p', {}, 'Trying again…')] : []));

/** @param {Problem} problem */
const problemList = ({ errors }) =>
  element('ul', {}, ...errors.map(({ path, message }) => element('li', {}, isolated(`${path} ${message}`))));
