/** Initials on a quiet colour, the same for the same name everywhere. */
import { User } from "lucide-react";
import { hue, initials } from "../lib/format";
import styles from "./avatar.module.css";

export function Avatar({ name, size = 40 }: { name: string | null; size?: number }) {
  return (
    <span
      className={styles.avatar}
      data-hue={name === null ? "none" : hue(name)}
      style={{ width: size, height: size, fontSize: Math.round(size * 0.36) }}
      aria-hidden="true"
    >
      {name === null ? <User size={Math.round(size * 0.5)} strokeWidth={1.75} /> : initials(name)}
    </span>
  );
}
