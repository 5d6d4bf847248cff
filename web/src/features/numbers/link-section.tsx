/** The link that calls this number, with what is to come along; as text, as a picture, and as the message after a flow. */
import { Button, Skeleton, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { CopyField } from "../../components/copy-field";
import form from "../../components/form.module.css";
import { PageHead } from "../../components/page-head";
import { QueryTrouble } from "../../components/query-view";
import { ApiError } from "../../lib/api";
import type { NumberSettings } from "../../lib/api-types";
import { useTrouble } from "../../lib/trouble";
import { numbers } from "./api";
import styles from "./link-section.module.css";

const MAX_PAYLOAD = 512;
const SETTLES_AFTER_MS = 300;

export function LinkSection({ number }: { number: NumberSettings }) {
  const { t } = useTranslation("office");
  const words = useTrouble();
  const [typed, setTyped] = useState("");
  const [payload, setPayload] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setPayload(typed.trim()), SETTLES_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const link = useQuery({
    queryKey: ["call-link", number.id, payload],
    queryFn: () => numbers.callLink(number.id, payload),
    placeholderData: (before) => before,
    staleTime: 600_000,
  });
  const picture = numbers.callLinkPicture(number.id, payload);
  const refused = link.error instanceof ApiError && link.error.status === 422;
  return (
    <>
      <PageHead title={t("number.link")}>{t("number.link_explain")}</PageHead>
      <div className={styles.columns}>
        <div className={form.fields}>
          <TextInput
            label={t("link.payload")}
            description={t("link.payload_hint")}
            value={typed}
            maxLength={MAX_PAYLOAD}
            error={refused ? words(link.error) : undefined}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          {link.isPending && <Skeleton height={60} />}
          {link.isError && !refused && link.data === undefined && (
            <QueryTrouble error={link.error} again={() => void link.refetch()} />
          )}
          {link.data !== undefined && <CopyField label={t("link.link")} value={link.data.url} />}
          <section className={styles.flow}>
            <h2>{t("link.flow")}</h2>
            <p>{t("link.flow_hint")}</p>
          </section>
        </div>
        {link.data !== undefined && (
          <figure className={styles.picture}>
            <img src={picture} alt={t("link.picture", { link: link.data.url })} width={220} height={220} />
            <figcaption>{t("link.scan", { name: number.name })}</figcaption>
            <Button
              component="a"
              href={picture}
              download={`${number.name}.svg`}
              variant="default"
              leftSection={<Download size={16} strokeWidth={1.75} aria-hidden="true" />}
            >
              {t("link.download")}
            </Button>
          </figure>
        )}
      </div>
    </>
  );
}
