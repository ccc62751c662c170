import "./style/page.css";
import "./style/parts.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Refused } from "./api/client";
import { follow } from "./api/live";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // News comes by `follow`; nothing is asked again merely because time has passed.
      staleTime: 60_000,
      refetchOnWindowFocus: false,
      // A laptop without a network still reaches itself.
      networkMode: "always",
      retry: (failures, error) => failures < 2 && error instanceof Refused && error.status === 0,
    },
  },
});

follow(client);
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
