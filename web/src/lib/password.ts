/** Fewer characters than this the server refuses. */
export const SHORTEST_PASSWORD = 12;
