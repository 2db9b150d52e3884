#!/usr/bin/env node
/** `pnpm services start|stop|status|env [names...]`: the servers of the tests, by hand. */
import { kafkaService } from './kafka.ts';
import { natsService } from './nats.ts';
import { postgresService } from './postgres.ts';
import { s3Service } from './s3.ts';
import { ensure, running, type Service, stop } from './service.ts';

const SERVICES: Record<string, Service<object>> = { kafka: kafkaService, nats: natsService, postgres: postgresService, s3: s3Service };

const COMMANDS: Record<string, (names: string[]) => Promise<void>> = {
  start: async (names) => {
    await Promise.all(names.map((name) => ensure(SERVICES[name] as Service<object>, { keep: true })));
    await status(names);
  },
  stop: async (names) => {
    const stopped = await stop(names);
    console.log(stopped.length === 0 ? 'none of them runs' : `stopped ${stopped.join(', ')}`);
  },
  status,
  env: async (names) => {
    for (const name of names) console.log(JSON.stringify({ [name]: await ensure(SERVICES[name] as Service<object>) }, undefined, 2));
  },
};

async function status(names: string[]): Promise<void> {
  for (const name of names) console.log(`${name}: ${running(SERVICES[name] as Service<object>) ? 'runs' : 'does not run'}`);
}

const [command = '', ...given] = process.argv.slice(2);
const names = given.length > 0 ? given : Object.keys(SERVICES);
const unknown = names.find((name) => !(name in SERVICES));
const work = COMMANDS[command];
if (!work || unknown !== undefined) {
  const problem = work ? `there is no service "${unknown}"` : `there is no command "${command}"`;
  console.error(`${problem}\nusage: pnpm services ${Object.keys(COMMANDS).join('|')} [${Object.keys(SERVICES).join('|')} ...]`);
  process.exitCode = 1;
} else {
  await work(names);
}
