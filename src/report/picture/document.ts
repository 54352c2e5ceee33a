/** A picture in some format, or one sentence that says why there is none. */
export type DocumentResult = { readonly text: Iterable<string> } | { readonly tooLarge: string };
