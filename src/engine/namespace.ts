/** The label that the control plane puts on every namespace (S37). */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';
