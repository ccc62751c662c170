/** The frame around every page, and the way from an address to a page. */
import { lazy, Suspense, useEffect, useState } from "react";
import { useLink } from "./api/live";
import { useSession } from "./api/queries";
import { setLanguage, useLanguage, useT } from "./i18n";
import { Experiment } from "./pages/experiment/Experiment";
import { Experiments } from "./pages/experiments/Experiments";
import { Trouble } from "./parts/Answer";
import { Dialog } from "./parts/Dialog";
import { Text } from "./parts/Text";
import { Toasts } from "./parts/Toasts";
import { toggleTheme, useTheme } from "./parts/theme";
import { go, parse, useHash } from "./route";

const Trial = lazy(() => import("./pages/trial/Trial"));
const Create = lazy(() => import("./pages/create/Create"));
const Compare = lazy(() => import("./pages/compare/Compare"));

export function App() {
  const t = useT();
  const session = useSession();
  const [help, setHelp] = useState(false);
  useShortcuts(() => setHelp(true));
  return (
    <>
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        {t("skip")}
      </a>
      <Header onHelp={() => setHelp(true)} />
      <main id="main" tabIndex={-1}>
        {session.error ? (
          <Trouble error={session.error} again={() => void session.refetch()} />
        ) : (
          session.data && (
            <Suspense fallback={<p className="waiting">{t("loading")}</p>}>
              <Page />
            </Suspense>
          )
        )}
      </main>
      <Toasts />
      {help && <Help onClose={() => setHelp(false)} />}
    </>
  );
}

function Page() {
  const t = useT();
  const hash = useHash();
  const { parts, query } = parse(hash);
  const [page, a = "", b = "", c = "", d = ""] = parts;
  useEffect(() => {
    const name = page === "trial" ? c : page === "experiment" ? b : page === "new" ? t("new") : "";
    document.title = name ? `${name.slice(0, 80)} · munshi` : "munshi";
  }, [page, b, c, t]);
  // The key makes another Experiment another page: nothing of the one before is ever shown under its name.
  if (page === undefined) return <Experiments />;
  if (page === "experiment" && b)
    return <Experiment key={`${a}/${b}`} namespace={a} name={b} tab={c || "overview"} plot={d} />;
  if (page === "trial" && c)
    return <Trial key={`${a}/${b}/${c}`} namespace={a} name={b} trial={c} tab={d || "overview"} />;
  if (page === "new") return <Create key={query.get("from") ?? ""} from={query.get("from")} />;
  if (page === "compare") return <Compare key={hash} which={query.getAll("e")} />;
  return (
    <div className="empty">
      <h1>{t("nowhere")}</h1>
      <a href="#/">{t("experiments")}</a>
    </div>
  );
}

function Header({ onHelp }: { onHelp: () => void }) {
  const t = useT();
  const link = useLink();
  const theme = useTheme();
  const language = useLanguage();
  const session = useSession();
  return (
    <header className="top">
      <a className="brand" href="#/" aria-label={`munshi, ${t("experiments")}`}>
        <img src="./icon.svg" alt="" width="24" height="24" />
        munshi
      </a>
      <nav aria-label={t("pages")}>
        <a href="#/">{t("experiments")}</a>
        {session.data?.can.create !== false && <a href="#/new">{t("new")}</a>}
      </nav>
      <span className="space" />
      <span className={`link ${link}`} role="status" title={t(`link.${link}`)}>
        <span aria-hidden="true">●</span> <span className="wide">{t(`link.${link}`)}</span>
      </span>
      {session.data && (
        <span className="place wide">
          <Text value={session.data.place} most={40} />
        </span>
      )}
      <button
        type="button"
        className="quiet"
        lang={language === "en" ? "ko" : "en"}
        onClick={() => setLanguage(language === "en" ? "ko" : "en")}
      >
        {language === "en" ? "한국어" : "English"}
      </button>
      <button
        type="button"
        className="quiet"
        onClick={toggleTheme}
        aria-label={t("theme")}
        title={t("theme")}
      >
        {theme === "dark" ? "☀" : "☾"}
      </button>
      <button
        type="button"
        className="quiet"
        onClick={onHelp}
        aria-label={t("help")}
        title={t("help")}
      >
        ?
      </button>
    </header>
  );
}

function Help({ onClose }: { onClose: () => void }) {
  const t = useT();
  const session = useSession();
  return (
    <Dialog title={t("help")} onClose={onClose}>
      <dl className="facts">
        <dt>
          <kbd>/</kbd>
        </dt>
        <dd>{t("help.search")}</dd>
        <dt>
          <kbd>n</kbd>
        </dt>
        <dd>{t("new")}</dd>
        <dt>
          <kbd>e</kbd>
        </dt>
        <dd>{t("experiments")}</dd>
        <dt>
          <kbd>←</kbd> <kbd>→</kbd>
        </dt>
        <dd>{t("help.arrows")}</dd>
        <dt>
          <kbd>Enter</kbd>
        </dt>
        <dd>{t("help.enter")}</dd>
        <dt>
          <kbd>Esc</kbd>
        </dt>
        <dd>{t("help.escape")}</dd>
        <dt>
          <kbd>?</kbd>
        </dt>
        <dd>{t("help")}</dd>
      </dl>
      <p className="faint">munshi {session.data?.version}</p>
    </Dialog>
  );
}

/** Single letters, only while nobody is typing. */
function useShortcuts(help: () => void): void {
  useEffect(() => {
    function press(event: KeyboardEvent) {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (target.closest("input, textarea, select, [contenteditable], dialog, .editor")) return;
      if (event.key === "/") {
        const search = document.querySelector<HTMLInputElement>("input[type=search]");
        if (!search) return;
        event.preventDefault();
        search.focus();
      } else if (event.key === "n") go("#/new");
      else if (event.key === "e") go("#/");
      else if (event.key === "?") help();
    }
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [help]);
}
