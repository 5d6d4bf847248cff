/** What the list of calls shows, as it stands in the address. Whatever is not one of our words falls away. */
import type { CallFilter } from "./api";
import type { Direction, Status } from "./api-types";

export type CallSearch = CallFilter;

export const DIRECTIONS: Direction[] = ["incoming", "outgoing"];
export const STATUSES: Status[] = ["offered", "ringing", "answered", "ended", "missed", "rejected", "failed"];

export function readCallSearch(search: Record<string, unknown>): CallSearch {
  const found: CallSearch = {};
  const direction = DIRECTIONS.find((each) => each === search.direction);
  const status = STATUSES.find((each) => each === search.status);
  const words = typeof search.search === "number" ? String(search.search) : search.search;
  if (direction !== undefined) found.direction = direction;
  if (status !== undefined) found.status = status;
  if (typeof words === "string" && words.trim() !== "") found.search = words.slice(0, 100);
  return found;
}
