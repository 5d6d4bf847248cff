import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { CordState } from "../../components/cord-state";
import { DataTable, Named } from "../../components/data-table";
import { PageHead } from "../../components/page-head";
import { QueryView } from "../../components/query-view";
import { Standing } from "../../components/standing";
import { api } from "../../lib/api";
import { useServerWords } from "../../lib/i18n";
import { useNumberNews } from "./use-number-news";

export function NumbersPage() {
  const { t } = useTranslation("office");
  const words = useServerWords("office");
  const numbers = useQuery({ queryKey: ["numbers"], queryFn: api.numbers });
  useNumberNews();
  return (
    <>
      <PageHead title={t("numbers.title")}>{t("numbers.explain")}</PageHead>
      <QueryView
        query={numbers}
        isEmpty={(data) => data.items.length === 0}
        empty={
          <CordState kind="empty" title={t("numbers.empty_title")}>
            {t("numbers.empty")}
          </CordState>
        }
      >
        {(data) => (
          <DataTable
            caption={t("numbers.title")}
            rows={data.items}
            keyOf={(number) => number.id}
            columns={[
              {
                key: "name",
                head: t("numbers.name"),
                cell: (number) => (
                  <Named
                    name={
                      <Link to="/numbers/$id/$section" params={{ id: number.id, section: "calling" }}>
                        {number.name}
                      </Link>
                    }
                  >
                    <span className="figures">{number.display_phone}</span>
                  </Named>
                ),
              },
              {
                key: "calling",
                head: t("numbers.calling"),
                cell: (number) => (
                  <Standing
                    tone={number.calling_enabled ? "ok" : "quiet"}
                    word={t(number.calling_enabled ? "numbers.calling_on" : "numbers.calling_off")}
                  />
                ),
              },
              {
                key: "destination",
                head: t("numbers.destination"),
                cell: (number) => words(`numbers.to_${number.destination}`) ?? number.destination,
              },
            ]}
          />
        )}
      </QueryView>
    </>
  );
}
