/** /proc/meminfo and /proc/vmstat (node_exporter: meminfo, vmstat). */
import { type HostFamily, linesOf, single, wordsOf } from './family.ts';

/** Each field under its own name; what the kernel gives in kB, in bytes. */
export function memoryFamilies(meminfo: string): readonly HostFamily[] {
  return linesOf(meminfo).flatMap((line) => {
    const match = /^([\w()]+):\s+(\d+)( kB)?$/.exec(line.trim());
    if (match?.[1] === undefined) return [];
    const field = match[1].replace(/\((\w+)\)/, '_$1');
    const isKilobytes = match[3] !== undefined;
    const value = Number(match[2]) * (isKilobytes ? 1024 : 1);
    return [single('gauge', `node_memory_${field}${isKilobytes ? '_bytes' : ''}`, `Memory information field ${field}.`, value)];
  });
}

const VMSTAT_FIELDS = /^(oom_kill|pgpg|pswp|pg.*fault)/;

export function vmstatFamilies(vmstat: string): readonly HostFamily[] {
  return linesOf(vmstat).flatMap((line) => {
    const [field = '', value = ''] = wordsOf(line);
    return VMSTAT_FIELDS.test(field) ? [single('untyped', `node_vmstat_${field}`, `/proc/vmstat field ${field}.`, Number(value))] : [];
  });
}
