/** Declining a card, with the toast that says what goes on. */

import { useTranslation } from "react-i18next";
import { currentLanguage, joinSomeNames } from "../../lib/i18n";
import { phone } from "../../lib/softphone/phone";
import type { Card } from "../../lib/softphone/state";
import { toast } from "../../lib/toast";

export function useDecline(): (card: Card) => Promise<void> {
  const { t } = useTranslation();
  return async (card) => {
    if (!(await phone.decline(card.call.id))) return;
    const names = joinSomeNames(card.others, card.othersCount, currentLanguage());
    const message = card.others.length > 0 ? t("call.declined_toast", { names }) : t("call.rejected_toast");
    toast({ message, autoClose: 5000 });
  };
}
