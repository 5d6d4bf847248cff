/** A typed client of the Switchboard REST API. Its types are generated from the OpenAPI file: `npm run generate`. */
import createClient, { type Client, type ClientOptions } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type SwitchboardClient = Client<paths>;

export interface SwitchboardOptions extends Omit<ClientOptions, "baseUrl"> {
  /** Where the server is; empty for pages that the server itself delivers. */
  baseUrl?: string;
  /** An API key, sent as `Authorization: Bearer`. Pages use the session cookie instead. */
  apiKey?: string;
}

export function switchboard({ apiKey, headers, ...options }: SwitchboardOptions = {}): SwitchboardClient {
  const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  return createClient<paths>({ credentials: "same-origin", ...options, headers: { ...authorization, ...(headers as object) } });
}
