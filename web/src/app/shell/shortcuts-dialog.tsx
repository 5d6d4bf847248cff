/** The keys of the console, on `?`. */
import { Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ShortcutList } from "../../components/shortcut-list";

export function ShortcutsDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("app.shortcuts")}
      closeButtonProps={{ "aria-label": t("app.close") }}
      centered
    >
      <ShortcutList />
    </Modal>
  );
}
