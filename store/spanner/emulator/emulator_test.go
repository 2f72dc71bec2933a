package emulator

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestDatabase(t *testing.T) {
	a, b := Database(t), Database(t)
	if a == b {
		t.Errorf("two databases are both named %s", a)
	}
}

func TestStartRefusesWhatIsNoEmulator(t *testing.T) {
	for _, path := range []string{"true", "/no/such/binary"} {
		if p, err := start(path); err == nil {
			t.Errorf("start(%s): no error, host %s", path, p.host)
		}
	}
}

// Without an emulator tests are skipped, but not where CI relies on them.
func TestAbsentEmulator(t *testing.T) {
	if os.Getenv("FLORA_TEST_ABSENT") != "" {
		Host(t)
		return
	}
	for ci, want := range map[string]string{"": "SKIP", "true": "FAIL"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAbsentEmulator$", "-test.v")
		cmd.Env = []string{"FLORA_TEST_ABSENT=1", "PATH=", "CI=" + ci}
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), "--- "+want) || !strings.Contains(string(out), "no Spanner emulator") {
			t.Errorf("with CI=%q, want %s:\n%s", ci, want, out)
		}
	}
}
