/** The simulator's phone: a person plays the customer. Choices left, the phone in the middle, mishaps and log right. */
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Logo } from "../components/logo";
import { setPageTitle } from "../lib/page-title";
import { type CallView, CustomerCall, idle } from "./customer-call";
import { Handheld, type Screen } from "./handheld";
import { useLine } from "./line";
import { Messages } from "./messages";
import styles from "./phone.module.css";
import { Profile } from "./profile";
import {
  type BusinessNumber,
  type Customer,
  FAULTS,
  type FaultName,
  type Faults,
  international,
  type PhoneSound,
  simulator,
} from "./simulator";

const SOUNDS: PhoneSound[] = ["microphone", "voice", "tone"];

/** What the simulator knows; asked again until it answers. */
function useWorld(): { customers: Customer[]; numbers: BusinessNumber[]; offline: boolean } {
  const [world, setWorld] = useState({
    customers: [] as Customer[],
    numbers: [] as BusinessNumber[],
    offline: false,
  });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const [customers, numbers] = await Promise.all([simulator.customers(), simulator.numbers()]);
        setWorld({ customers, numbers, offline: false });
      } catch {
        setWorld((before) => ({ ...before, offline: true }));
        timer = setTimeout(() => void ask(), 2_000);
      }
    };
    void ask();
    return () => clearTimeout(timer);
  }, []);
  return world;
}

function FaultBoxes(props: { chosen: FaultName[]; onChange: (chosen: FaultName[]) => void }) {
  const { t } = useTranslation("phone");
  return (
    <section className={styles.card}>
      <header>
        <h2>{t("phone.faults")}</h2>
        <button type="button" className={styles.link} onClick={() => props.onChange([])}>
          {t("phone.reset")}
        </button>
      </header>
      {FAULTS.map(({ name }) => (
        <label key={name} className={styles.choice}>
          <input
            type="checkbox"
            checked={props.chosen.includes(name)}
            onChange={(event) =>
              props.onChange(
                event.currentTarget.checked ? [...props.chosen, name] : props.chosen.filter((each) => each !== name),
              )
            }
          />
          {t(`phone.fault_${name}`)}
        </label>
      ))}
    </section>
  );
}

function Log({ view }: { view: CallView }) {
  const { t } = useTranslation("phone");
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    const text = view.log.map((line) => `${(line.at_ms / 1000).toFixed(3).padStart(8)}  ${line.what}`).join("\n");
    await navigator.clipboard?.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <section className={styles.card} data-testid="phone-log">
      <header>
        <h2>{t("phone.log")}</h2>
        {view.log.length > 0 && (
          <button type="button" className={styles.link} onClick={() => void copy()}>
            {t(copied ? "phone.copied" : "phone.copy")}
          </button>
        )}
      </header>
      {view.log.length === 0 ? (
        <p className="dim">{t("phone.log_empty")}</p>
      ) : (
        <ol className={styles.log}>
          {view.log.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end.
            <li key={index}>
              <span className="dim">{(line.at_ms / 1000).toFixed(3)}</span>
              <span>{line.what}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

export function PhonePage() {
  const { t } = useTranslation("phone");
  const { customers, numbers, offline } = useWorld();
  const [customerAt, setCustomerAt] = useState(0);
  const [numberAt, setNumberAt] = useState(0);
  const [sound, setSound] = useState<PhoneSound>(window.isSecureContext ? "microphone" : "voice");
  const [faults, setFaults] = useState<FaultName[]>([]);
  const [view, setView] = useState<CallView>(idle);
  const [screen, setScreen] = useState<Screen>("call");
  const call = useRef<CustomerCall | null>(null);
  useEffect(() => setPageTitle(t("phone.page_title")), [t]);
  useEffect(() => () => call.current?.close(), []);
  const customer = customers[customerAt];
  const number = numbers[numberAt];
  const busy = view.state === "calling" || view.state === "ringing" || view.state === "connected";

  const line = useLine(number, customer);
  const { incoming } = line;
  // A call of another of the business's numbers turns the page to that number.
  useEffect(() => {
    const at = numbers.findIndex((each) => each.id === incoming?.number);
    if (at >= 0) setNumberAt(at);
  }, [incoming, numbers]);

  // What stands on an open screen has been looked at; another customer's messages are others.
  const theirs = line.pair?.messages.filter((each) => each.from === "business" && each.kind !== "call").length ?? 0;
  const seen = useRef({ customer: -1, count: 0 });
  if (seen.current.customer !== customerAt) seen.current = { customer: customerAt, count: 0 };
  if (screen === "messages") seen.current.count = theirs;
  const unread = Math.max(theirs - seen.current.count, 0);

  const begin = () => {
    call.current?.close();
    const next = new CustomerCall((change) => setView(change));
    call.current = next;
    setScreen("call");
    return next;
  };
  const accept = () => {
    if (incoming === null) return;
    begin()
      .pickUp(incoming.call, sound)
      .catch(() => setView({ ...idle, state: "failed" }));
  };
  const start = (message: string | null) => {
    if (customer === undefined || number === undefined) return;
    const next = begin();
    const chosen = FAULTS.filter(({ name }) => faults.includes(name)).map((each) => each.faults);
    const all: Faults = Object.assign({}, ...chosen);
    next.start(number, customer, sound, all, message).catch(() => setView({ ...idle, state: "failed" }));
  };

  return (
    <main className={styles.page}>
      <div className={styles.intro}>
        <p className={styles.brand}>
          <Logo size={28} />
          Switchboard
          <span className={styles.badge}>{t("phone.badge")}</span>
        </p>
        <h1>{t("phone.page_title")}</h1>
        <p className={styles.explain}>{t("phone.explain")}</p>
        {offline && (
          <p className={styles.trouble} role="alert">
            {t("phone.offline")}
          </p>
        )}
      </div>
      <div className={styles.phone}>
        <Handheld
          view={view}
          number={number}
          ready={customer !== undefined && number !== undefined}
          incoming={incoming !== null}
          screen={screen}
          unread={unread}
          messages={
            <Messages
              messages={line.pair?.messages ?? []}
              number={number}
              busy={busy}
              onWrite={(text) => line.say({ type: "write", text })}
              onReply={(request, answer) => line.say({ type: "reply", request, answer })}
              onPress={(message) => start(message)}
            />
          }
          onScreen={setScreen}
          onAccept={accept}
          onDecline={() => incoming !== null && line.say({ type: "decline", call: incoming.call })}
          onCall={() => start(null)}
          onHangUp={() => call.current?.hangUp()}
          onKey={(key) => call.current?.keys(key)}
          onMute={(on) => call.current?.mute(on)}
        />
      </div>
      <div className={styles.choices}>
        <section className={styles.card}>
          <h2>{t("phone.who")}</h2>
          <label className={styles.field}>
            {t("phone.customer")}
            <select
              value={customerAt}
              disabled={busy}
              onChange={(event) => setCustomerAt(Number(event.currentTarget.value))}
            >
              {customers.map((each, index) => (
                <option key={`${each.name}${each.phone}`} value={index}>
                  {each.name}, {each.phone === null ? `@${each.username ?? ""}` : international(each.phone)}
                </option>
              ))}
            </select>
          </label>
          <label className={styles.field}>
            {t("phone.number")}
            <select
              value={numberAt}
              disabled={busy}
              onChange={(event) => setNumberAt(Number(event.currentTarget.value))}
            >
              {numbers.map((each, index) => (
                <option key={each.id} value={index}>
                  {each.name}, {international(each.display_phone)}
                </option>
              ))}
            </select>
          </label>
          {!offline && numbers.length === 0 && <p className="dim">{t("phone.no_numbers")}</p>}
        </section>
        <Profile permission={line.pair?.permission ?? null} onSet={(answer) => line.say({ type: "profile", answer })} />
        {line.refused !== null && (
          <p className={styles.trouble} role="alert">
            {line.refused}
          </p>
        )}
        <fieldset className={styles.card}>
          <legend className="sr-only">{t("phone.choose_sound")}</legend>
          <h2>{t("phone.sound")}</h2>
          {SOUNDS.map((each) => (
            <label key={each} className={styles.choice}>
              <input
                type="radio"
                name="sound"
                checked={sound === each}
                disabled={busy || (each === "microphone" && !window.isSecureContext)}
                onChange={() => setSound(each)}
              />
              {t(`phone.sound_${each}`)}
            </label>
          ))}
          {!window.isSecureContext && <p className="dim">{t("phone.insecure")}</p>}
          {view.microphoneFailed && (
            <p className={styles.trouble} role="alert">
              {t("phone.microphone_failed")}
            </p>
          )}
        </fieldset>
      </div>
      <div className={styles.right}>
        <FaultBoxes chosen={faults} onChange={setFaults} />
        <Log view={view} />
        <p className="dim">
          {t("phone.terminal")} <code className={styles.code}>switchboard simulate call</code>
        </p>
      </div>
    </main>
  );
}
