/** Numbers and what is set for them, here and at Meta. */
import { id, query, request } from "../../lib/api";
import type {
  Announcement,
  Narrowed,
  NumberSettings,
  NumberSettingsChange,
  Schemas,
  Written,
} from "../../lib/api-types";
import type { DayName } from "./hours";

export type Icon = "show" | "hide";
export type Codec = "pcmu" | "pcma";
export type Rating = "green" | "yellow" | "red" | "unknown";

export type OurCalling = Narrowed<Schemas["OurCalling"], { icon: Icon | null; codecs: Codec[]; srtp: "dtls" | "sdes" }>;
export type MetasCalling = Narrowed<Schemas["MetasCalling"], { icon: Icon | null }>;
export type Drift = Schemas["Drift"];
export type Restriction = Written<Schemas["Restriction"]>;
export type Calling = Narrowed<
  Schemas["Calling"],
  {
    ours: OurCalling;
    meta: MetasCalling | null;
    restrictions: Restriction[];
    quality: Rating;
    warning: Written<Schemas["Warning"]> | null;
  }
>;
export type CallingChange = Partial<Schemas["CallingChange"]>;

export type OutOfHours = "message" | "callback_offer" | "reject";
export type HolidayHours = Schemas["HolidayHours"];
export type OpeningHours = Narrowed<
  Schemas["OpeningHours"],
  {
    weekly: Partial<Record<DayName, string[][]>>;
    holidays: HolidayHours[];
    out_of_hours: { action: OutOfHours; text: string };
  }
>;
/** Not `set`: nobody has said hours, and the number is always open. */
export type NumberHours = OpeningHours & { set: boolean };
export type HoursTaken = NumberHours & Pick<Schemas["HoursTakenOver"], "changes">;
export type OpenNow = Written<Schemas["OpenNow"]>;
export type HoursAtMeta = Narrowed<
  Schemas["HoursBesideMeta"],
  {
    meta: Written<Schemas["MetasHours"]> | null;
    cannot_hold: Schemas["CannotHold"] | null;
    taking: Schemas["HoursTaking"] | null;
  }
>;

export type Limits = Written<Schemas["Limits"]>;
export type Dials = Written<Schemas["Dials"]>;
export type PickupRate = Narrowed<Schemas["PickupRate"], { state: "good" | "watch" | "low" }>;
export type Safeguards = Narrowed<
  Schemas["Safeguards"],
  {
    limits: Limits;
    state: Narrowed<
      Schemas["SafeguardStanding"],
      {
        dials_minute: Dials;
        dials_hour: Dials;
        suspensions: Written<Schemas["Suspension"]>[];
        quality: Rating;
        restrictions: Restriction[];
        pickup_rate: PickupRate;
        pickup_rate_outgoing: PickupRate;
      }
    >;
  }
>;
export type LimitsChange = Partial<Schemas["SafeguardsChange"]>;

const of = (number: string) => `/numbers/${id(number)}`;

export const numbers = {
  one: (number: string) => request<NumberSettings>("GET", of(number)),
  change: (number: string, change: NumberSettingsChange) => request<NumberSettings>("PATCH", of(number), change),
  announcement: (number: string, choice: Announcement) =>
    `/api/v1${of(number)}/recording-announcement?choice=${choice}`,
  upload: (number: string, sound: Blob) =>
    request<NumberSettings>("PUT", `${of(number)}/recording-announcement`, sound),
  branches: () => request<{ items: { id: string; name: string }[] }>("GET", "/branches"),
  calling: (number: string) => request<Calling>("GET", `${of(number)}/calling`),
  changeCalling: (number: string, change: CallingChange) => request<Calling>("PATCH", `${of(number)}/calling`, change),
  readCalling: (number: string) => request<Calling>("POST", `${of(number)}/calling/refresh`),
  hours: (number: string) => request<NumberHours>("GET", `${of(number)}/hours`),
  setHours: (number: string, hours: OpeningHours) => request<NumberHours>("PUT", `${of(number)}/hours`, hours),
  openNow: (number: string) => request<OpenNow>("GET", `${of(number)}/hours/status`),
  hoursAtMeta: (number: string) => request<HoursAtMeta>("GET", `${of(number)}/hours/meta`),
  pushHours: (number: string) => request<HoursAtMeta>("POST", `${of(number)}/hours/push`),
  takeHours: async (number: string): Promise<NumberHours> => {
    const { changes: _changes, ...hours } = await request<HoursTaken>("POST", `${of(number)}/hours/take`);
    return hours;
  },
  safeguards: (number: string) => request<Safeguards>("GET", `${of(number)}/safeguards`),
  changeLimits: (number: string, change: LimitsChange) =>
    request<Safeguards>("PATCH", `${of(number)}/safeguards`, change),
  lift: (number: string) => request<unknown>("POST", `${of(number)}/safeguards/lift`),
  callLink: (number: string, payload: string) =>
    request<{ url: string }>("GET", `${of(number)}/call-link${query({ payload })}`),
  callLinkPicture: (number: string, payload: string) => `/api/v1${of(number)}/call-link.svg${query({ payload })}`,
};
