#!/usr/bin/env node
/** `pnpm services start|stop|status|env [names...]`: the servers of the tests, by hand. */
import { MEASURED, SERVICES } from './catalog.ts';
import { ensure, running, type Service, stop } from './service.ts';

const EVERY: Record<string, Service<object>> = { ...SERVICES, ...MEASURED };
const service = (name: string): Service<object> => EVERY[name] as Service<object>;

const COMMANDS: Record<string, (names: string[]) => Promise<void>> = {
  start: async (names) => {
    await Promise.all(names.map((name) => ensure(service(name), { keep: true })));
    await status(names);
  },
  stop: async (names) => {
    const stopped = await stop(names);
    console.log(stopped.length === 0 ? 'none of them runs' : `stopped ${stopped.join(', ')}`);
  },
  status,
  env: async (names) => {
    const facts = await Promise.all(names.map(async (name) => [name, await ensure(service(name), { keep: true })] as const));
    console.log(JSON.stringify(Object.fromEntries(facts), undefined, 2));
  },
};

async function status(names: string[]): Promise<void> {
  for (const name of names) console.log(`${name}: ${running(service(name)) ? 'runs' : 'does not run'}`);
}

const [command = '', ...given] = process.argv.slice(2);
const all = Object.keys(EVERY);
// What measurements use is started by name only, and stopped and shown with the others.
const names = given.length > 0 ? given : command === 'start' || command === 'env' ? Object.keys(SERVICES) : all;
const unknown = names.find((name) => !all.includes(name));
const work = COMMANDS[command];
if (!work || unknown !== undefined) {
  const problem = work ? `there is no service "${unknown}"` : `there is no command "${command}"`;
  console.error(`${problem}\nusage: pnpm services ${Object.keys(COMMANDS).join('|')} [${all.join('|')} ...]`);
  process.exitCode = 1;
} else {
  await work(names);
}
