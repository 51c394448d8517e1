// breaks: domain-needs-no-package
import { createHash } from 'node:crypto';

export const hash = createHash;
