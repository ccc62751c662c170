/* The first process of a pod: it holds the pod's network, buries its orphans, and ends when told to. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void bury(int signal) { while (waitpid(-1, 0, WNOHANG) > 0) {} }
static void end(int signal) { _exit(0); }

int main(void) {
  signal(SIGCHLD, bury);
  signal(SIGTERM, end);
  signal(SIGINT, end);
  for (;;) pause();
}
