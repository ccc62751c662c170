import type { Condition } from "../api/types";
import { useT } from "../i18n";
import { clock } from "../text/number";
import { Text } from "./Text";

export function Conditions({ items }: { items: Condition[] }) {
  const t = useT();
  return (
    <div className="scroll-x">
      <table className="list">
        <caption className="off-screen">{t("conditions")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("condition")}</th>
            <th scope="col">{t("holds")}</th>
            <th scope="col">{t("reason")}</th>
            <th scope="col">{t("message")}</th>
            <th scope="col">{t("since")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one, i) => (
            <tr key={i} className={one.status === "True" ? "" : "faint"}>
              <th scope="row">
                <Text value={one.type} most={60} />
              </th>
              <td>{one.status === "True" ? t("yes") : one.status === "False" ? t("no") : "?"}</td>
              <td>
                <Text value={one.reason} most={80} />
              </td>
              <td className="wrap">
                <Text value={one.message} most={1000} />
              </td>
              <td className="num">{clock(one.time)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
