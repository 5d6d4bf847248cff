/** One tab of the browser is the phone, elected by a Web Lock; the others show where it is. */

const LOCK = "switchboard-phone";

export class TabElection {
  private readonly elected: (phone: boolean) => void;
  private release: (() => void) | null = null;
  private stopped = false;

  constructor(elected: (phone: boolean) => void) {
    this.elected = elected;
  }

  start() {
    this.stopped = false;
    // Web Locks exist only in secure contexts. Without them there is no microphone either, so there is nothing to elect.
    if (navigator.locks === undefined) {
      this.elected(true);
      return;
    }
    void navigator.locks.query().then((held) => {
      if (held.held?.some((lock) => lock.name === LOCK) && this.release === null) this.elected(false);
    });
    this.queue({});
  }

  /** "Use it here": takes the phone away from the tab that has it. */
  take() {
    if (this.release === null) this.queue({ steal: true });
  }

  stop() {
    this.stopped = true;
    this.release?.();
    this.release = null;
  }

  private queue(options: LockOptions) {
    navigator.locks
      .request(LOCK, options, () => {
        if (this.stopped || this.release !== null) return undefined;
        this.elected(true);
        return new Promise<void>((done) => {
          this.release = done;
        });
      })
      .catch(() => {
        // Another tab took it over. Waiting in line again gives it back when that tab closes.
        this.release = null;
        if (this.stopped) return;
        this.elected(false);
        this.queue({});
      });
  }
}
