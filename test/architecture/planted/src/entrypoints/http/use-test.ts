// breaks: src-stands-alone
import { KEY } from '../../../test/key.ts';

export const key = KEY;
