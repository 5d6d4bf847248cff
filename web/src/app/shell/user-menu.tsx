/** Who I am and whether I am to be rung; language, theme and the way out. */
import { Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { ChevronsUpDown, LogOut } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/avatar";
import { agentLamp, LineLamp } from "../../components/line-lamp";
import { api } from "../../lib/api";
import type { AgentState, Me, MyStatus } from "../../lib/api-types";
import { changeLanguage, currentLanguage, LANGUAGES } from "../../lib/i18n";
import { endSession } from "../../lib/session";
import { phone } from "../../lib/softphone/phone";
import { usePhone } from "../../lib/softphone/use-phone";
import { toast } from "../../lib/toast";
import styles from "./user-menu.module.css";

const STATUSES: MyStatus[] = ["available", "do_not_disturb"];
const SCHEMES = ["light", "dark", "auto"] as const;

export function UserMenu({ me, compact = false }: { me: Me; compact?: boolean }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const status = usePhone((state) => state.status);
  const state = usePhone<AgentState>((now) => now.presence[me.id]?.state ?? "offline");
  const leave = async () => {
    phone.stop();
    await api.logout().catch(() => undefined);
    endSession();
    await navigate({ to: "/login" });
  };
  return (
    <Menu position={compact ? "bottom-end" : "top-start"} width={230} shadow="md">
      <Menu.Target>
        <UnstyledButton
          className={compact ? styles.compact : styles.user}
          aria-label={t("user.menu", { name: me.name })}
        >
          <span className={styles.face}>
            <Avatar name={me.name} size={34} />
            <span className={styles.lamp}>
              <LineLamp state={agentLamp(state)} size={12} />
            </span>
          </span>
          <span className={styles.words}>
            <span className={styles.name}>{me.name}</span>
            <span className={styles.state}>{t(`agent.${state}`)}</span>
          </span>
          <ChevronsUpDown className={styles.more} size={16} strokeWidth={1.75} aria-hidden="true" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown className={styles.menu}>
        <Menu.Label>{t("user.status")}</Menu.Label>
        <Menu.RadioGroup
          value={status}
          onChange={(value) => {
            const wanted = STATUSES.find((each) => each === value);
            if (wanted !== undefined && !phone.setStatus(wanted)) toast({ message: t("user.status_failed") });
          }}
        >
          {STATUSES.map((each) => (
            <Menu.RadioItem
              key={each}
              value={each}
              closeMenuOnClick
              rightSection={<LineLamp state={agentLamp(each)} />}
            >
              {t(`user.${each}`)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Label>{t("user.language")}</Menu.Label>
        <Menu.RadioGroup
          value={currentLanguage()}
          onChange={(value) => {
            const language = LANGUAGES.find(({ code }) => code === value)?.code;
            if (language === undefined) return;
            void changeLanguage(language);
            api.changeLanguage(language).catch(() => undefined);
          }}
        >
          {LANGUAGES.map(({ code, name }) => (
            <Menu.RadioItem key={code} value={code} lang={code} closeMenuOnClick={false}>
              {name}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Label>{t("user.theme")}</Menu.Label>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(value) => setColorScheme(SCHEMES.find((scheme) => scheme === value) ?? "auto")}
        >
          {SCHEMES.map((scheme) => (
            <Menu.RadioItem key={scheme} value={scheme} closeMenuOnClick={false}>
              {t(`user.${scheme}`)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={16} strokeWidth={1.75} />} onClick={() => void leave()}>
          {t("user.sign_out")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
