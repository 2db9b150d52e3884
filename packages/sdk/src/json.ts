/** A JSON value: what crosses every boundary between a manifest, an engine and a task. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };
