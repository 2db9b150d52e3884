import type { Rule } from '../define.ts';
import { dependencyCycle } from './dependency-cycle.ts';
import { deprecatedTask } from './deprecated-task.ts';
import { duplicateId } from './duplicate-id.ts';
import { duplicateManifest } from './duplicate-manifest.ts';
import { expressionSyntax } from './expression-syntax.ts';
import { expressionType } from './expression-type.ts';
import { floatingVersion } from './floating-version.ts';
import { hardcodedApproval } from './hardcoded-approval.ts';
import { manifestSchema } from './manifest-schema.ts';
import { missingPolicy } from './missing-policy.ts';
import { notAnAncestor } from './not-an-ancestor.ts';
import { parameterBinding } from './parameter-binding.ts';
import { secretLiteral } from './secret-literal.ts';
import { secretPlacement } from './secret-placement.ts';
import { taskInput } from './task-input.ts';
import { undeclaredParameter } from './undeclared-parameter.ts';
import { unknownNeed } from './unknown-need.ts';
import { unknownReference } from './unknown-reference.ts';
import { unknownTask } from './unknown-task.ts';
import { unsatisfiedVersion } from './unsatisfied-version.ts';
import { untrustedCode } from './untrusted-code.ts';
import { unusedParameter } from './unused-parameter.ts';
import { workflowNotFound } from './workflow-not-found.ts';
import { yamlSyntax } from './yaml-syntax.ts';

/** All rules, in the order of the reference. */
export const rules: readonly Rule[] = [
  yamlSyntax,
  manifestSchema,
  duplicateId,
  duplicateManifest,
  unknownTask,
  unsatisfiedVersion,
  unknownNeed,
  dependencyCycle,
  expressionSyntax,
  expressionType,
  unknownReference,
  notAnAncestor,
  taskInput,
  workflowNotFound,
  parameterBinding,
  undeclaredParameter,
  unusedParameter,
  secretPlacement,
  secretLiteral,
  hardcodedApproval,
  missingPolicy,
  untrustedCode,
  deprecatedTask,
  floatingVersion,
];
