package annotate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// containerState is what a container runtime keeps on disk about a container.
type containerState struct {
	Image, Name, Namespace, Pod string
	Service, Version            string // by labels
}

// Directories in which runtimes keep one directory a container, by container
// id. They are below Roots.Run or Roots.Var.
var (
	// containerd's bundles; the element before the id is its namespace. They
	// go within moments of the container's end.
	containerdDirs = []string{
		"containerd/io.containerd.runtime.v2.task/*",
		"k3s/containerd/io.containerd.runtime.v2.task/*", // k3s and RKE2
	}
	// CRI-O's, below run and below var/lib.
	crioRun = "containers/storage/overlay-containers"
	crioVar = "lib/containers/storage/overlay-containers"
	docker  = "lib/docker/containers"
)

// stateDirs lists the directories that hold a directory a container.
func stateDirs(roots Roots) []string {
	dirs := []string{filepath.Join(roots.Run, crioRun), filepath.Join(roots.Var, crioVar), filepath.Join(roots.Var, docker)}
	for _, pattern := range containerdDirs {
		found, err := filepath.Glob(filepath.Join(roots.Run, pattern))
		if err == nil {
			dirs = append(dirs, found...)
		}
	}
	return dirs
}

// readState reads the state of a container; ok is false when no runtime has any.
func readState(roots Roots, id string) (s containerState, ok bool) {
	for _, dir := range stateDirs(roots) {
		dir = filepath.Join(dir, id)
		for _, file := range []string{"config.json", "userdata/state.json", "userdata/config.json", "config.v2.json"} {
			if s, ok = parseState(filepath.Join(dir, file)); ok {
				return s, true
			}
		}
	}
	return containerState{}, false
}

// maxState bounds a state file; a Kubernetes pod's is some 30 KB.
const maxState = 4 << 20

// parseState reads an OCI bundle's config.json, a runtime's state.json, or
// Docker's config.v2.json. They hold command lines and environments as well,
// which are passed over and never kept.
func parseState(path string) (containerState, bool) {
	f, err := os.Open(path)
	if err != nil {
		return containerState{}, false
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() || st.Size() > maxState {
		return containerState{}, false
	}
	var file struct {
		Annotations map[string]string `json:"annotations"`
		Name        string            `json:"Name"`
		Config      struct {
			Image  string            `json:"Image"`
			Labels map[string]string `json:"Labels"`
		} `json:"Config"`
	}
	if json.NewDecoder(f).Decode(&file) != nil {
		return containerState{}, false
	}
	if file.Config.Image != "" {
		s := containerState{Image: file.Config.Image, Name: strings.TrimPrefix(file.Name, "/")}
		s.label(file.Config.Labels)
		return s, true
	}
	return fromAnnotations(file.Annotations)
}

// fromAnnotations reads what containerd (pkg/cri/annotations) and CRI-O
// (pkg/annotations) write beside a container.
func fromAnnotations(a map[string]string) (s containerState, ok bool) {
	if len(a) == 0 {
		return s, false
	}
	pick := func(names ...string) string {
		for _, name := range names {
			if a[name] != "" {
				return a[name]
			}
		}
		return ""
	}
	s.Image = pick("io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName", "io.kubernetes.cri-o.Image")
	s.Name = pick("io.kubernetes.cri.container-name", "io.kubernetes.container.name")
	s.Namespace = pick("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace", "io.kubernetes.cri-o.Namespace")
	s.Pod = pick("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name", "io.kubernetes.cri-o.KubeName")
	var labels map[string]string
	if text := a["io.kubernetes.cri-o.Labels"]; text != "" && json.Unmarshal([]byte(text), &labels) != nil {
		labels = nil
	}
	s.label(labels)
	return s, s != containerState{}
}

// label takes what labels tell. Kubernetes' recommended labels come first, then
// those of the tools that have labels of their own.
func (s *containerState) label(labels map[string]string) {
	pick := func(into *string, names ...string) {
		for _, name := range names {
			if *into == "" {
				*into = labels[name]
			}
		}
	}
	pick(&s.Name, "io.kubernetes.container.name")
	pick(&s.Namespace, "io.kubernetes.pod.namespace")
	pick(&s.Pod, "io.kubernetes.pod.name")
	pick(&s.Service, "app.kubernetes.io/name", "com.docker.compose.service", "com.docker.swarm.service.name")
	pick(&s.Version, "app.kubernetes.io/version", "org.opencontainers.image.version")
}

// versionOfImage returns the tag of an image's name, "" for none and for
// "latest", which tells no version.
func versionOfImage(image string) string {
	image, _, _ = strings.Cut(image, "@")
	image = image[strings.LastIndexByte(image, '/')+1:]
	_, tag, _ := strings.Cut(image, ":")
	if tag == "latest" {
		return ""
	}
	return tag
}
