/** The way into the shell: follows the end of the session and the language of the account. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { changeLanguage, currentLanguage } from "../../lib/i18n";
import { endSession, meQuery } from "../../lib/session";
import { usePhone } from "../../lib/softphone/use-phone";
import { Shell } from "../shell/shell";

let languageTaken: string | null = null;

export function ShellRoute() {
  const me = useQuery(meQuery).data;
  const bye = usePhone((state) => state.byeWhy);
  const navigate = useNavigate();
  useEffect(() => {
    // Once per sign-in: afterwards the choice made in this page counts.
    if (me === undefined || languageTaken === me.id) return;
    languageTaken = me.id;
    if (me.language !== null && me.language !== currentLanguage()) void changeLanguage(me.language);
  }, [me]);
  useEffect(() => {
    if (bye !== "logout" && bye !== "disabled") return;
    endSession();
    void navigate({ to: "/login", search: { why: bye === "disabled" ? "disabled" : "ended" } });
  }, [bye, navigate]);
  return me === undefined ? null : <Shell me={me} />;
}
