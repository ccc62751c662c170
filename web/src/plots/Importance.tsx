/** How much of the objective's differences each parameter explains, as the server computed it. */
import { useImportance } from "../api/queries";
import type { Experiment } from "../api/types";
import { useT } from "../i18n";
import { Answer } from "../parts/Answer";
import { Text } from "../parts/Text";

export function Importance({ facts }: { facts: Experiment }) {
  const t = useT();
  const answer = useImportance(facts.namespace, facts.name);
  return (
    <Answer of={answer}>
      {(said) => {
        const list = Object.entries(said.importances).sort((a, b) => b[1] - a[1]);
        return (
          <>
            {said.said && (
              <p>
                <Text value={said.said} most={600} />
              </p>
            )}
            <table className="importance">
              <caption className="off-screen">{t("plot.importance")}</caption>
              <tbody>
                {list.map(([name, share]) => (
                  <tr key={name}>
                    <th scope="row">
                      <Text value={name} most={40} />
                    </th>
                    <td className="long">
                      <div className="meter" style={{ width: `${Math.max(0.5, share * 100)}%` }} />
                    </td>
                    <td className="num">{(share * 100).toFixed(1)} %</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <p className="faint">
              {t("importance.how", { method: said.method, n: said.trials })}{" "}
              <Text value={said.source ?? ""} most={300} />
            </p>
          </>
        );
      }}
    </Answer>
  );
}
