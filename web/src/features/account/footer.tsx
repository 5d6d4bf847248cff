/** Language and theme for somebody who has not signed in yet. */
import { Button, Menu, useMantineColorScheme } from "@mantine/core";
import { Languages, SunMoon } from "lucide-react";
import { useTranslation } from "react-i18next";
import { changeLanguage, currentLanguage, LANGUAGES } from "../../lib/i18n";
import styles from "./account.module.css";

const SCHEMES = ["light", "dark", "auto"] as const;

export function Footer({ version }: { version: string | undefined }) {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const language = LANGUAGES.find(({ code }) => code === currentLanguage());
  return (
    <footer className={styles.footer}>
      <Menu>
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            c="var(--ink2)"
            leftSection={<Languages size={16} strokeWidth={1.75} />}
          >
            {language?.name}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {LANGUAGES.map(({ code, name }) => (
            <Menu.Item key={code} lang={code} onClick={() => void changeLanguage(code)}>
              {name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Menu>
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            c="var(--ink2)"
            leftSection={<SunMoon size={16} strokeWidth={1.75} />}
          >
            {t(`user.${colorScheme}`)}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {SCHEMES.map((scheme) => (
            <Menu.Item key={scheme} onClick={() => setColorScheme(scheme)}>
              {t(`user.${scheme}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {version !== undefined && <span>{t("login.version", { version })}</span>}
    </footer>
  );
}
