// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * The libraries of a portable bundle: {@code java BundleJars.java BUNDLE FOLDER JAR|CLASSES...}.
 *
 * <p>Each jar, or folder of classes, becomes a jar in FOLDER of the bundle whose entries are sorted, dated alike and
 * stored: xz compresses them better than deflate does. What is for other systems is left out. Native libraries go to
 * {@code natives/}, where they are used in place: nothing is unpacked when the program starts. Those of JavaCPP lie as
 * in the jars, since it looks on the class path; the others in {@code natives/libraries}, by the names that Java asks for.
 */
final class BundleJars {
  private static final LocalDateTime DATE = LocalDateTime.of(1980, 1, 1, 0, 0); // the first that zip knows

  /** Entries that a Linux machine with an x86-64 processor has no use for, and signatures, of which none is checked. */
  private static final Pattern DROPPED =
      Pattern.compile(
          ".*/|.*\\.(dll|dylib|git|sha1|bat)|META-INF/(INDEX\\.LIST|native-image/.*|maven/.*\\.xml)|module-info\\.class"
              + "|META-INF/versions/\\d+/module-info\\.class|native/lib/(?!linux-x86_64/cpu/).*/.*"
              + "|org/jline/nativ/(?!Linux/x86_64/)\\w+/.*"
              + "|org/bytedeco/cuda/(?!linux-x86_64/libjnicublas\\.so)linux-x86_64/.*"
              + "|org/bytedeco/openblas/linux-x86_64/(?!(lib(openblas|gfortran|quadmath)\\.so\\.\\d+|libjniopenblas\\.so)$).*");

  /** Only the measurement of OpenBLAS itself needs it. */
  private static final String OF_BENCHMARKS = "org/bytedeco/openblas/linux-x86_64/libjniopenblas.so";

  private static final Pattern IN_PLACE = Pattern.compile("org/bytedeco/.*\\.so[.\\d]*");

  /** Group 1 is the name by which it is loaded. */
  private static final Pattern BY_NAME =
      Pattern.compile(
          "(libduckdb_java\\.so)_linux_amd64|native/lib/linux-x86_64/cpu/(libtokenizers\\.so)"
              + "|linux/x64/org/lwjgl/(liblwjgl\\.so)|org/jline/nativ/Linux/x86_64/(libjlinenative\\.so)");

  private final Path natives;
  private final Path jars;

  private BundleJars(Path bundle, String folder) throws IOException {
    natives = bundle.resolve("natives");
    jars = Files.createDirectories(bundle.resolve(folder));
  }

  public static void main(String[] args) throws IOException {
    BundleJars bundle = new BundleJars(Path.of(args[0]), args[1]);
    boolean benchmarks = args[1].startsWith("benchmarks");
    for (int i = 2; i < args.length; i++) {
      Path source = Path.of(args[i]);
      boolean folder = Files.isDirectory(source);
      Map<String, byte[]> entries = folder ? files(source) : entries(source);
      if (!benchmarks) {
        entries.remove(OF_BENCHMARKS);
      }
      bundle.add(folder ? "coppice-" + source.getFileName() + ".jar" : source.getFileName().toString(), entries);
    }
  }

  private static Map<String, byte[]> entries(Path jar) throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      for (ZipEntry entry : (Iterable<ZipEntry>) zip.stream().map(ZipEntry.class::cast)::iterator) {
        entries.put(entry.getName(), zip.getInputStream(entry).readAllBytes());
      }
    }
    return entries;
  }

  private static Map<String, byte[]> files(Path folder) throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    List<Path> files = new ArrayList<>();
    try (Stream<Path> found = Files.walk(folder)) {
      found.filter(Files::isRegularFile).forEach(files::add);
    }
    for (Path file : files) {
      String name = folder.relativize(file).toString();
      if (!name.contains("/linux-x86_64/")) { // built for tests; the bundle has a release build of its own
        entries.put(name, Files.readAllBytes(file));
      }
    }
    return entries;
  }

  private void add(String name, Map<String, byte[]> entries) throws IOException {
    Map<String, byte[]> kept = new TreeMap<>();
    for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
      if (DROPPED.matcher(entry.getKey()).matches()) {
        continue;
      }
      Path library = library(entry.getKey());
      if (library != null) {
        Files.createDirectories(library.getParent());
        Files.write(library, entry.getValue());
      } else {
        kept.put(entry.getKey(), entry.getValue());
      }
    }
    write(jars.resolve(name), kept);
  }

  /** Where a native library goes; null for everything else. */
  private Path library(String entry) {
    Matcher named = BY_NAME.matcher(entry);
    if (named.matches()) {
      for (int group = 1; group <= named.groupCount(); group++) {
        if (named.group(group) != null) {
          return natives.resolve("libraries").resolve(named.group(group));
        }
      }
    }
    return IN_PLACE.matcher(entry).matches() ? natives.resolve(entry) : null;
  }

  private static void write(Path jar, Map<String, byte[]> entries) throws IOException {
    try (OutputStream out = Files.newOutputStream(jar);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.setMethod(ZipOutputStream.STORED);
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        CRC32 sum = new CRC32();
        sum.update(entry.getValue());
        ZipEntry stored = new ZipEntry(entry.getKey());
        stored.setTimeLocal(DATE);
        stored.setSize(entry.getValue().length);
        stored.setCrc(sum.getValue());
        zip.putNextEntry(stored);
        zip.write(entry.getValue());
        zip.closeEntry();
      }
    }
  }
}
