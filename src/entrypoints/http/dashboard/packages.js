/**
 * The packages that the pages are made with. The service serves their files as they are, below `packages/` (see
 * `dashboard-packages.ts`). Names in place of paths would need an import map, which Safari knows since 16.4 only.
 */
// @ts-expect-error: there where the file is served, not where it is compiled.
import * as async from './packages/lit-html/async-directive.js';
// @ts-expect-error
import * as keyedDirective from './packages/lit-html/directives/keyed.js';
// @ts-expect-error
import * as repeatDirective from './packages/lit-html/directives/repeat.js';
// @ts-expect-error
import * as lit from './packages/lit-html/lit-html.js';
// @ts-expect-error
import * as signals from './packages/preact/signals-core/dist/signals-core.module.js';

/** @import { TemplateResult } from 'lit-html' */

/**
 * What a view makes of its model.
 *
 * @typedef {TemplateResult<1>} Html
 *
 * What can stand in a template: a text, which never becomes markup, or what other views have made.
 *
 * @typedef {string | Html | typeof nothing | readonly (string | Html)[]} Content
 */

export const { AsyncDirective, directive } = /** @type {typeof import('lit-html/async-directive.js')} */ (async);
export const { html, nothing, render } = /** @type {typeof import('lit-html')} */ (lit);
export const { keyed } = /** @type {typeof import('lit-html/directives/keyed.js')} */ (keyedDirective);
export const { repeat } = /** @type {typeof import('lit-html/directives/repeat.js')} */ (repeatDirective);
export const { batch, computed, effect, signal, untracked } = /** @type {typeof import('@preact/signals-core')} */ (
  signals
);
