import { disclosurePackage } from './ops/disclosure.package.ts';
import { schemaValidate } from './tasks/schema.validate.ts';
import { waitSleep } from './tasks/wait.sleep.ts';

export { disclosurePackage, schemaValidate, waitSleep };

/** The catalog: every task of this package. */
export const tasks = [disclosurePackage, schemaValidate, waitSleep] as const;
