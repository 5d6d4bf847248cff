/** The REST API, one function per request. Every refusal becomes an `ApiError` with the stable code of the problem details. */
import type {
  Call,
  CallDetail,
  CallPage,
  Direction,
  Language,
  Login,
  Me,
  MeChange,
  PhoneNumber,
  Problem,
  RecordingPage,
  Server,
  Setup,
  Status,
} from "./api-types";

/** A request nobody answered within this time counts as lost. */
const TIMEOUT_MS = 15_000;
const UPLOAD_TIMEOUT_MS = 60_000;

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly problem: Problem;
  readonly retryAfterS: number | null;

  constructor(status: number, problem: Problem, retryAfterS: number | null) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? (status === 0 ? "unreachable" : `http_${status}`);
    this.problem = problem;
    this.retryAfterS = retryAfterS;
  }
}

/** A file goes as it is, anything else as JSON. */
function content(body: unknown): Pick<RequestInit, "headers" | "body"> {
  // Sentences of the server come in the language of the page, which may be another than the browser's.
  const language = { "accept-language": document.documentElement.lang };
  if (body === undefined) return { headers: language };
  if (body instanceof Blob) {
    return { headers: { ...language, "content-type": body.type || "application/octet-stream" }, body };
  }
  return { headers: { ...language, "content-type": "application/json" }, body: JSON.stringify(body) };
}

export async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      credentials: "same-origin",
      ...content(body),
      signal: AbortSignal.timeout(body instanceof Blob ? UPLOAD_TIMEOUT_MS : TIMEOUT_MS),
    });
  } catch {
    throw new ApiError(0, {}, null);
  }
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as Problem;
    const retryAfter = Number(response.headers.get("retry-after"));
    throw new ApiError(response.status, problem, retryAfter > 0 ? retryAfter : null);
  }
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export type RecordingAction = "start" | "pause" | "resume" | "stop";

export interface CallFilter {
  direction?: Direction;
  status?: Status;
  search?: string;
}

export function query(values: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

export const id = encodeURIComponent;

export const api = {
  server: () => request<Server>("GET", "/server"),
  setup: (account: Setup) => request<Me>("POST", "/setup", account),
  login: (email: string, password: string) => request<Me>("POST", "/login", { email, password } satisfies Login),
  logout: () => request<void>("POST", "/logout"),
  me: () => request<Me>("GET", "/me"),
  changeLanguage: (language: Language) => request<Me>("PATCH", "/me", { language } satisfies MeChange),
  numbers: () => request<{ items: PhoneNumber[] }>("GET", "/numbers"),
  calls: (filter: CallFilter, cursor: string | undefined, limit: number) =>
    request<CallPage>("GET", `/calls${query({ ...filter, cursor, limit })}`),
  call: (call: string) => request<CallDetail>("GET", `/calls/${id(call)}`),
  recordings: (cursor: string | undefined, limit: number) =>
    request<RecordingPage>("GET", `/recordings${query({ cursor, limit })}`),
  answer: (call: string) => request<Call>("POST", `/calls/${id(call)}/answer`),
  decline: (call: string) => request<Call>("POST", `/calls/${id(call)}/decline`),
  record: (call: string, action: RecordingAction) => request<Call>("POST", `/calls/${id(call)}/recording/${action}`),
  hangUp: (call: string) => request<Call>("POST", `/calls/${id(call)}/hang-up`),
};
