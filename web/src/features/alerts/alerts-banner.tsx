/** The gravest thing nobody has seen yet, over the page. */
import { useQueryClient } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Banner } from "../../components/banner";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { isGrave, useAlertWords } from "./alert-words";
import { alerts } from "./api";
import { useNumberName } from "./bell";
import { useAlerts } from "./use-alerts";

export function AlertsBanner() {
  const { t } = useTranslation("office");
  const words = useAlertWords();
  const trouble = useTrouble();
  const queries = useQueryClient();
  const { open } = useAlerts();
  const alert = open.find((each) => each.acknowledged_at === null && isGrave(each));
  const number = useNumberName(alert?.number_id ?? null);
  if (alert === undefined) return null;
  const { title, remedy } = words(alert, number);
  const seen = () =>
    alerts.acknowledge(alert.id).then(
      () => queries.invalidateQueries({ queryKey: ["alerts"] }),
      (error) => toast({ color: "red", message: trouble(error) }),
    );
  return (
    <Banner
      tone="bad"
      icon={<TriangleAlert size={20} strokeWidth={1.75} aria-hidden="true" />}
      title={title}
      action={{ label: t("alerts.seen"), run: () => void seen() }}
    >
      {remedy}
    </Banner>
  );
}
