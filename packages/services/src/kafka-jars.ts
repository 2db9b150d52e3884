import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './cache.ts';
import { installPrograms } from './debian.ts';
import { locked } from './lock.ts';
import { run } from './programs.ts';

const POM = fileURLToPath(new URL('../kafka/pom.xml', import.meta.url));

/** Some 45 files from Maven Central, which a slow mirror takes its time over. */
const DOWNLOAD_MS = 12 * 60_000;

/** The folder with the jars of kafka/pom.xml, downloaded the first time and kept in the cache. Installs Java and Maven where they are missing. */
export async function kafkaJars(): Promise<string> {
  installPrograms({ java: 'default-jre-headless', mvn: 'maven' });
  const version = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12);
  const jars = join(cacheFolder('jars'), `kafka-${version}`);
  await locked('download-kafka', async () => {
    if (existsSync(jars)) return;
    process.stderr.write('downloading Apache Kafka for the tests (once)\n');
    const folder = mkdtempSync(join(cacheFolder('jars'), '.download-'));
    try {
      const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`, '-DincludeScope=runtime'];
      await run('mvn', ['--batch-mode', '--quiet', '-f', POM, ...goal], { timeoutMs: DOWNLOAD_MS });
      renameSync(folder, jars);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
  return jars;
}
