/** What a node's kernel does: transactions of nf_tables, tracked connections, logged packets. */
export * from './kernel.ts';
export { LinuxKernel } from './linux-kernel.ts';
