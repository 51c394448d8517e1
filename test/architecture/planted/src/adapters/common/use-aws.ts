// breaks: common-knows-no-adapter
import { region } from '../aws/region.ts';

export const where = region;
