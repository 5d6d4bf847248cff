/** Rows to come. Shown only after 200 ms: what is faster needs no placeholder. */
import { Skeleton } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "./calls.module.css";

const WIDTHS = [62, 48, 70, 55, 66, 44, 58, 52];

export function ListSkeleton() {
  const { t } = useTranslation();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 200);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return null;
  return (
    <div role="status" aria-label={t("app.loading")}>
      {WIDTHS.map((width) => (
        <div key={width} className={styles.skeleton}>
          <Skeleton circle height={20} />
          <Skeleton height={12} width={`${width}%`} />
        </div>
      ))}
    </div>
  );
}
