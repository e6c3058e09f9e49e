// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where this machine keeps NVIDIA's libraries. Nothing is loaded: files are looked for.
 *
 * <p>The order: the folders of {@value #GIVEN}, and then nothing else; the class path (JavaCPP's
 * redist jars); {@code LD_LIBRARY_PATH}; {@code CUDA_HOME} and {@code CUDA_PATH}; the folders of
 * the dynamic loader; {@code /usr/local/cuda*}. Any CUDA 13.x will do. The two files of cuBLAS are
 * taken from one folder, so that they are of one release.
 */
public final class CudaLibraries {
  /**
   * Environment variable: folders, separated by colons, that are searched instead of all others.
   */
  public static final String GIVEN = "COPPICE_CUDA_LIBRARIES";

  static final String CUBLAS = "libcublas.so.13";
  static final String CUBLAS_LT = "libcublasLt.so.13";
  private static final String DRIVER = "libcuda.so.1";
  private static final String RESOURCES = "/org/bytedeco/cuda/linux-x86_64/";

  /**
   * The two files of cuBLAS.
   *
   * @param source what led to them: a variable, the class path, or the system
   */
  public record Cublas(Path cublas, Path cublasLt, String source) {}

  private final Map<Path, String> folders; // to what names them, in the order of the search
  private final boolean given;
  private final Path root;

  private CudaLibraries(Map<Path, String> folders, boolean given, Path root) {
    this.folders = folders;
    this.given = given;
    this.root = root;
  }

  /** The search on this machine as the variables of a process direct it. */
  public static CudaLibraries under(Map<String, String> environment) {
    return of(environment, Path.of("/"));
  }

  /** The search in another environment, with the system's files below {@code root}. */
  static CudaLibraries of(Map<String, String> environment, Path root) {
    Map<Path, String> folders = new LinkedHashMap<>();
    String given = environment.getOrDefault(GIVEN, "");
    if (!given.isBlank()) {
      add(folders, given, GIVEN);
      return new CudaLibraries(folders, true, root);
    }
    add(folders, environment.getOrDefault("LD_LIBRARY_PATH", ""), "LD_LIBRARY_PATH");
    for (String name : List.of("CUDA_HOME", "CUDA_PATH")) {
      String home = environment.getOrDefault(name, "");
      if (!home.isBlank()) {
        addToolkit(folders, Path.of(home), name);
      }
    }
    loaderFolders(root).forEach(folder -> folders.putIfAbsent(folder, "the dynamic loader"));
    toolkits(root).forEach(home -> addToolkit(folders, home, "the system"));
    return new CudaLibraries(folders, false, root);
  }

  private static void add(Map<Path, String> folders, String list, String source) {
    for (String folder : list.split(File.pathSeparator)) {
      if (!folder.isBlank()) {
        folders.putIfAbsent(Path.of(folder), source);
      }
    }
  }

  private static void addToolkit(Map<Path, String> folders, Path home, String source) {
    for (String inside : List.of("lib64", "targets/x86_64-linux/lib", "lib")) {
      folders.putIfAbsent(home.resolve(inside), source);
    }
  }

  /** What /etc/ld.so.conf names, and the folders that the loader knows by itself. */
  private static List<Path> loaderFolders(Path root) {
    List<Path> folders = new ArrayList<>();
    readLoaderFile(root.resolve("etc/ld.so.conf"), root, folders);
    for (String known :
        List.of(
            "lib/x86_64-linux-gnu",
            "usr/lib/x86_64-linux-gnu",
            "lib64",
            "usr/lib64",
            "lib",
            "usr/lib")) {
      folders.add(root.resolve(known));
    }
    return folders;
  }

  private static void readLoaderFile(Path file, Path root, List<Path> folders) {
    List<String> lines;
    try {
      lines = Files.isRegularFile(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException unreadable) {
      lines = List.of(); // the loader goes on without it too
    }
    for (String line : lines) {
      String text = line.replaceAll("#.*", "").strip();
      if (text.startsWith("include")) {
        Path pattern = below(root, text.substring("include".length()).strip());
        list(pattern.getParent(), pattern.getFileName().toString())
            .forEach(included -> readLoaderFile(included, root, folders));
      } else if (text.startsWith("/")) {
        folders.add(below(root, text));
      }
    }
  }

  private static Path below(Path root, String absolute) {
    return root.resolve(absolute.replaceFirst("^/+", ""));
  }

  private static List<Path> toolkits(Path root) {
    List<Path> homes = new ArrayList<>(list(root.resolve("usr/local"), "cuda*"));
    homes.sort(null); // cuda, a link to the one in use, comes first
    return homes;
  }

  private static List<Path> list(Path folder, String pattern) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, pattern)) {
      entries.forEach(found::add);
    } catch (IOException absent) {
      return List.of();
    }
    found.sort(null);
    return found;
  }

  /** cuBLAS, if it is there. */
  public Optional<Cublas> cublas() {
    Optional<Cublas> bundled = given ? Optional.empty() : onClassPath();
    return bundled.isPresent()
        ? bundled
        : folders.entrySet().stream()
            .filter(
                entry ->
                    Files.exists(entry.getKey().resolve(CUBLAS))
                        && Files.exists(entry.getKey().resolve(CUBLAS_LT)))
            .map(
                entry ->
                    new Cublas(
                        entry.getKey().resolve(CUBLAS).toAbsolutePath(),
                        entry.getKey().resolve(CUBLAS_LT).toAbsolutePath(),
                        entry.getValue()))
            .findFirst();
  }

  /** From JavaCPP's jars of NVIDIA's libraries; unpacked where they are in a jar. */
  private static Optional<Cublas> onClassPath() {
    URL cublas = CudaLibraries.class.getResource(RESOURCES + CUBLAS);
    URL cublasLt = CudaLibraries.class.getResource(RESOURCES + CUBLAS_LT);
    if (cublas == null || cublasLt == null) {
      return Optional.empty();
    }
    return Optional.of(
        new Cublas(CublasLibrary.file(cublas), CublasLibrary.file(cublasLt), "the class path"));
  }

  /**
   * cuBLAS, or why not.
   *
   * @throws UnsupportedOperationException saying where it was looked for and what to do
   */
  Cublas requireCublas() {
    return cublas().orElseThrow(() -> new UnsupportedOperationException(missing()));
  }

  /** One line: that there is no cuBLAS, and what to do. */
  public String missing() {
    String files = CUBLAS + " and " + CUBLAS_LT;
    if (given) {
      return "cuBLAS is missing: no folder of "
          + GIVEN
          + " ("
          + String.join(":", folders.keySet().stream().map(Path::toString).toList())
          + ") has "
          + files
          + "; correct it, or unset it to search the system";
    }
    return "cuBLAS is missing: no "
        + files
        + " on the class path, in LD_LIBRARY_PATH, CUDA_HOME, CUDA_PATH, the folders of the"
        + " dynamic loader or /usr/local/cuda*; install cuBLAS of CUDA 13 (the toolkit,"
        + " libcublas-13-0, or pip install nvidia-cublas), or name its folder in "
        + GIVEN;
  }

  /** The driver's library, where the dynamic loader will find it. */
  public Optional<Path> driver() {
    List<Path> places = new ArrayList<>();
    folders.forEach(
        (folder, source) -> {
          if (source.equals("LD_LIBRARY_PATH")) {
            places.add(folder);
          }
        });
    places.addAll(loaderFolders(root));
    return places.stream().map(folder -> folder.resolve(DRIVER)).filter(Files::exists).findFirst();
  }

  /** The version of the driver that the kernel runs, e.g. {@code 580.82.07}. */
  public Optional<String> driverVersion() {
    return line(root.resolve("proc/driver/nvidia/version"), "NVRM version:")
        .map(text -> text.replaceFirst(".*?(\\d+\\.\\d+(\\.\\d+)?).*", "$1"));
  }

  /** Models of the GPUs that the kernel's driver has. */
  public List<String> gpus() {
    List<String> models = new ArrayList<>();
    for (Path gpu : list(root.resolve("proc/driver/nvidia/gpus"), "*")) {
      models.add(line(gpu.resolve("information"), "Model:").orElse("unknown model"));
    }
    return models;
  }

  /** What follows a label in a small text file. */
  private static Optional<String> line(Path file, String label) {
    try {
      return Files.readAllLines(file).stream()
          .filter(text -> text.startsWith(label))
          .map(text -> text.substring(label.length()).strip())
          .findFirst();
    } catch (IOException absent) {
      return Optional.empty();
    }
  }
}
