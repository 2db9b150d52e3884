/** Name of the Restate workflow that every run is an instance of; its key is the run id. */
export const SERVICE = 'Run';
