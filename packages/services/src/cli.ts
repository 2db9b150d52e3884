#!/usr/bin/env node
/** `pnpm services start|stop|status|env [names...]`: the servers of the tests, by hand. */
import { SERVICES, type ServiceName } from './catalog.ts';
import { ensure, running, stop } from './service.ts';

const COMMANDS: Record<string, (names: ServiceName[]) => Promise<void>> = {
  start: async (names) => {
    await Promise.all(names.map((name) => ensure(SERVICES[name], { keep: true })));
    await status(names);
  },
  stop: async (names) => {
    const stopped = await stop(names);
    console.log(stopped.length === 0 ? 'none of them runs' : `stopped ${stopped.join(', ')}`);
  },
  status,
  env: async (names) => {
    const facts = await Promise.all(names.map(async (name) => [name, await ensure(SERVICES[name], { keep: true })] as const));
    console.log(JSON.stringify(Object.fromEntries(facts), undefined, 2));
  },
};

async function status(names: ServiceName[]): Promise<void> {
  for (const name of names) console.log(`${name}: ${running(SERVICES[name]) ? 'runs' : 'does not run'}`);
}

const [command = '', ...given] = process.argv.slice(2);
const all = Object.keys(SERVICES) as ServiceName[];
const names = given.length > 0 ? (given as ServiceName[]) : all;
const unknown = names.find((name) => !all.includes(name));
const work = COMMANDS[command];
if (!work || unknown !== undefined) {
  const problem = work ? `there is no service "${unknown}"` : `there is no command "${command}"`;
  console.error(`${problem}\nusage: pnpm services ${Object.keys(COMMANDS).join('|')} [${all.join('|')} ...]`);
  process.exitCode = 1;
} else {
  await work(names);
}
