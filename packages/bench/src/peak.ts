import { readFileSync } from 'node:fs';

/** The most memory this process has had, in KiB; the kernel's own count where there is one. */
export function peakKib(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}
