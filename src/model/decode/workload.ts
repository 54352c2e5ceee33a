import type { Workload } from '../types.ts';
import type { DecodeContext } from './context.ts';
import { openMeta } from './metadata.ts';
import { podSpec, rawPodSpec } from './pod-spec.ts';
import { int32, type Reader, type RecordOf, record, stringMap } from './schema.ts';

const template = record({ metadata: record({ labels: stringMap }), spec: rawPodSpec });
type RawTemplate = ReturnType<typeof template.read>;

const templatedFields = { metadata: openMeta, spec: record({ replicas: int32, template }) } as const;
const cronJobFields = {
  metadata: openMeta,
  spec: record({ jobTemplate: record({ spec: record({ template }) }) }),
} as const;

/** A workload whose pod template is `spec.template`. */
export const templated: Reader<RecordOf<typeof templatedFields>> = record(templatedFields);

/** A CronJob, whose pod template is that of its job template. */
export const cronJob: Reader<RecordOf<typeof cronJobFields>> = record(cronJobFields);

/** The pod template of {@link templated}; without one, a pod without labels and ports. */
export function templatedTemplate(raw: RecordOf<typeof templatedFields>, context: DecodeContext): Workload['template'] {
  return workloadTemplate(raw.spec?.template ?? {}, ['spec', 'template'], context);
}

/** How many pods {@link templated} asks for, where it says. */
export function replicasPart(raw: RecordOf<typeof templatedFields>): Pick<Workload, 'replicas'> {
  const replicas = raw.spec?.replicas;
  return replicas === undefined ? {} : { replicas };
}

/** The pod template of {@link cronJob}. */
export function cronJobTemplate(raw: RecordOf<typeof cronJobFields>, context: DecodeContext): Workload['template'] {
  const path = ['spec', 'jobTemplate', 'spec', 'template'];
  return workloadTemplate(raw.spec?.jobTemplate?.spec?.template ?? {}, path, context);
}

function workloadTemplate(raw: RawTemplate, path: readonly string[], context: DecodeContext): Workload['template'] {
  return {
    labels: raw.metadata?.labels ?? {},
    spec: podSpec(raw.spec ?? {}, [...path, 'spec'], context),
  };
}
