/** The picture of an exchange: jacks, and two cords that have found their ends. */
import { useTranslation } from "react-i18next";
import { Logo } from "../../components/logo";
import styles from "./account.module.css";

const STEP = 60;
const COLUMNS = [40, 100, 160, 220, 280, 340, 400, 460, 520];
const ROWS = Array.from({ length: 12 }, (_, row) => 30 + row * STEP);

function Plug({ x, y, color }: { x: number; y: number; color: string }) {
  return (
    <g>
      <circle cx={x} cy={y - 22} r="2.5" fill={color} />
      <circle cx={x} cy={y} r="7.5" fill="#14181b" stroke={color} strokeWidth="7" />
    </g>
  );
}

export function Exchange() {
  const { t } = useTranslation();
  return (
    <div className={styles.exchange} data-surface="ebonite">
      <p className={styles.brand}>
        <Logo size={32} />
        Switchboard
      </p>
      <p className={styles.motto}>{t("login.motto")}</p>
      <svg className={styles.board} viewBox="0 0 560 720" preserveAspectRatio="xMidYMin slice" aria-hidden="true">
        {ROWS.map((y) =>
          COLUMNS.map((x) => (
            <g key={`${x}-${y}`}>
              <circle cx={x} cy={y - 22} r="2" fill="var(--ebonite-line)" />
              <circle cx={x} cy={y} r="9" fill="#0d1012" stroke="var(--ebonite-line)" strokeWidth="3" />
            </g>
          )),
        )}
        <path
          d="M100 210C130 330 260 410 345 410S440 370 460 330"
          fill="none"
          stroke="var(--lamp-live)"
          strokeWidth="4.5"
        />
        <path d="M400 150C370 280 270 520 210 530S165 490 160 450" fill="none" stroke="#14181b" strokeWidth="12" />
        <path
          d="M400 150C370 280 270 520 210 530S165 490 160 450"
          fill="none"
          stroke="var(--lamp-offered)"
          strokeWidth="4.5"
        />
        <Plug x={100} y={210} color="var(--lamp-live)" />
        <Plug x={460} y={330} color="var(--lamp-live)" />
        <Plug x={400} y={150} color="var(--lamp-offered)" />
        <Plug x={160} y={450} color="var(--lamp-offered)" />
      </svg>
    </div>
  );
}
