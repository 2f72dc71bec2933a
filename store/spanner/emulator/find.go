package emulator

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// inSDK is where the Google Cloud SDK keeps the emulator of its component
// cloud-spanner-emulator.
const inSDK = "bin/cloud_spanner_emulator/emulator_main"

// find returns the path of the emulator's binary, or "" where there is none.
// emulator_main is wanted, not gateway_main, which leaves its emulator behind
// when it is killed.
func find() string {
	if path := os.Getenv("FLORA_SPANNER_EMULATOR"); path != "" {
		return path
	}
	if path, err := exec.LookPath("emulator_main"); err == nil {
		return path
	}
	gcloud, err := exec.LookPath("gcloud")
	if err != nil {
		return ""
	}
	// Usually gcloud is a link to SDK/bin/gcloud: asking it takes seconds.
	if real, err := filepath.EvalSymlinks(gcloud); err == nil {
		if path := executable(filepath.Dir(filepath.Dir(real))); path != "" {
			return path
		}
	}
	root, err := exec.Command(gcloud, "info", "--format=value(installation.sdk_root)").Output()
	if err != nil {
		return ""
	}
	return executable(strings.TrimSpace(string(root)))
}

// executable returns the emulator of the SDK at root, or "".
func executable(root string) string {
	path := filepath.Join(root, filepath.FromSlash(inSDK))
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return ""
	}
	return path
}
