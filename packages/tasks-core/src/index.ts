import { dbExecute } from './connectors/db.execute.ts';
import { dbQuery } from './connectors/db.query.ts';
import { httpRequest } from './connectors/http.request.ts';
import { kafkaPublish } from './connectors/kafka.publish.ts';
import { natsPublish } from './connectors/nats.publish.ts';
import { s3Get } from './connectors/s3.get.ts';
import { s3Put } from './connectors/s3.put.ts';
import { sigExport } from './connectors/sig.export.ts';
import { sigIngest } from './connectors/sig.ingest.ts';
import { approvalGate } from './ops/approval.gate.ts';
import { disclosurePackage } from './ops/disclosure.package.ts';
import { notifySlack } from './tasks/notify.slack.ts';
import { schemaValidate } from './tasks/schema.validate.ts';
import { transformMap } from './tasks/transform.map.ts';
import { waitSleep } from './tasks/wait.sleep.ts';

export {
  approvalGate,
  dbExecute,
  dbQuery,
  disclosurePackage,
  httpRequest,
  kafkaPublish,
  natsPublish,
  notifySlack,
  s3Get,
  s3Put,
  schemaValidate,
  sigExport,
  sigIngest,
  transformMap,
  waitSleep,
};

/** The catalog: every task of this package. */
export const tasks = [
  approvalGate,
  dbExecute,
  dbQuery,
  disclosurePackage,
  httpRequest,
  kafkaPublish,
  natsPublish,
  notifySlack,
  s3Get,
  s3Put,
  schemaValidate,
  sigExport,
  sigIngest,
  transformMap,
  waitSleep,
] as const;
