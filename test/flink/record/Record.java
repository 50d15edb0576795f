import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.gateway.api.operation.OperationHandle;
import org.apache.flink.table.gateway.api.operation.OperationStatus;
import org.apache.flink.table.gateway.api.results.OperationInfo;
import org.apache.flink.table.gateway.api.results.ResultSet;
import org.apache.flink.table.gateway.api.session.SessionEnvironment;
import org.apache.flink.table.gateway.api.session.SessionHandle;
import org.apache.flink.table.gateway.rest.util.SqlGatewayRestAPIVersion;
import org.apache.flink.table.gateway.service.SqlGatewayServiceImpl;
import org.apache.flink.table.gateway.service.context.DefaultContext;
import org.apache.flink.table.gateway.service.session.SessionManager;
import org.apache.flink.table.planner.codegen.CodeGeneratorContext;
import org.apache.flink.table.planner.functions.casting.RowDataToStringConverterImpl;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.utils.print.RowDataToStringConverter;
import org.apache.flink.types.RowKind;

/**
 * Records what Flink answers to cases of SQL: Record DATA SCRATCH (IN OUT)... DATA is the folder
 * data of a corpus with its tables.sql, SCRATCH is where statements write; it is emptied before
 * each case. See README.md for the format.
 */
public class Record {
  private static final long PATIENCE = 120_000; // milliseconds for one statement

  private final Path data;
  private final Path scratch;
  private final Map<String, String> tables = new LinkedHashMap<>(); // DDL by name
  private MiniCluster cluster;
  private SqlGatewayServiceImpl gateway;

  public static void main(String[] args) throws Exception {
    Record r = new Record(Path.of(args[0]), Path.of(args[1]));
    for (int i = 2; i + 1 < args.length; i += 2) {
      r.record(Path.of(args[i]), Path.of(args[i + 1]));
    }
    System.exit(0); // threads of the gateway go on
  }

  Record(Path data, Path scratch) throws IOException {
    this.data = data;
    this.scratch = scratch;
    String name = null;
    for (String line : Files.readAllLines(data.resolve("tables.sql"))) {
      if (line.startsWith("-- table: ")) {
        name = line.substring(10).strip();
        tables.put(name, "");
      } else if (name != null && !line.startsWith("--")) {
        tables.merge(name, line + "\n", String::concat);
      }
    }
  }

  private void startCluster() throws Exception {
    Configuration c = new Configuration();
    c.setString("rest.bind-port", "0");
    c.setString("rest.address", "localhost");
    c.setString("rest.bind-address", "localhost");
    c.setString("taskmanager.memory.managed.size", "256m");
    c.setString("taskmanager.memory.network.min", "128m");
    c.setString("taskmanager.memory.network.max", "128m");
    cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder().setConfiguration(c).setNumTaskManagers(1).setNumSlotsPerTaskManager(16).build());
    cluster.start();
    Configuration g = new Configuration();
    g.setString("execution.target", "remote");
    g.setString("rest.address", cluster.getRestAddress().get().getHost());
    g.setString("rest.port", "" + cluster.getRestAddress().get().getPort());
    g.setString("sql-gateway.session.max-num", "1000");
    SessionManager sessions = SessionManager.create(new DefaultContext(g, new ArrayList<>()));
    sessions.start();
    gateway = new SqlGatewayServiceImpl(sessions);
  }

  /** A case as it is read: what to run, without what came out. */
  private static class Case {
    String name;
    final Map<String, String> set = new LinkedHashMap<>();
    final List<String> headers = new ArrayList<>();
    final List<String> use = new ArrayList<>();
    String from;
    String order = "";
    String expression;
    final List<String[]> blocks = new ArrayList<>(); // kind and text
  }

  private static List<Case> read(Path file) throws IOException {
    List<Case> all = new ArrayList<>();
    Case c = null;
    String[] block = null;
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith("-- case: ")) {
        c = new Case();
        c.name = line.substring(9).strip();
        all.add(c);
        block = null;
      } else if (c == null) {
        continue;
      } else if (line.startsWith("---- ")) {
        block = new String[] {line.substring(5).strip(), ""};
        c.blocks.add(block);
      } else if (block != null) {
        block[1] += line + "\n";
      } else if (line.startsWith("-- ") && line.contains(":")) {
        c.headers.add(line);
        String key = line.substring(3, line.indexOf(':')).strip();
        String value = line.substring(line.indexOf(':') + 1).strip();
        switch (key) {
          case "set" -> c.set.put(value.split("=", 2)[0].strip(), value.split("=", 2)[1].strip());
          case "use" -> Arrays.stream(value.split(",")).map(String::strip).forEach(c.use::add);
          case "from" -> c.from = value;
          case "order" -> c.order = value;
          default -> {}
        }
      } else if (line.startsWith("? ")) {
        c.expression = line.substring(2);
      }
    }
    return all;
  }

  private void record(Path in, Path out) throws Exception {
    try (PrintStream w = new PrintStream(Files.newOutputStream(out), true, StandardCharsets.UTF_8)) {
      for (Case c : read(in)) {
        long began = System.currentTimeMillis();
        empty(scratch);
        Files.createDirectories(scratch);
        if (cluster == null || !cluster.isRunning()) {
          startCluster(); // a failed case may have taken it down
        }
        w.println("-- case: " + c.name);
        c.headers.forEach(w::println);
        try {
          play(c, w);
        } catch (Exception e) {
          w.println("#### CASE FAILED " + e);
        }
        w.println();
        System.err.println(c.name + " " + (System.currentTimeMillis() - began) + " ms");
      }
    }
  }

  private void play(Case c, PrintStream w) throws Exception {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("execution.runtime-mode", "streaming");
    settings.put("parallelism.default", "1");
    settings.put("table.local-time-zone", "UTC");
    settings.put("table.exec.mini-batch.enabled", "false");
    settings.put("table.dml-sync", "true");
    settings.put("restart-strategy.type", "none");
    settings.putAll(c.set);
    String zone = settings.get("table.local-time-zone");
    SessionHandle session =
        gateway.openSession(
            SessionEnvironment.newBuilder()
                .setSessionEndpointVersion(SqlGatewayRestAPIVersion.getDefaultVersion())
                .addSessionConfig(settings)
                .build());
    try {
      List<String> used = new ArrayList<>(c.use);
      if (c.from != null) {
        used.add(c.from.split(" ")[0]);
      }
      for (String table : used) {
        for (String statement : split(places(tables.get(table)))) {
          execute(session, statement, zone);
        }
      }
      if (c.expression != null) {
        expression(c, session, zone, w);
      }
      for (String[] block : c.blocks) {
        String sql = places(block[1].strip());
        switch (block[0]) {
          case "setup", "run" -> {
            w.println("---- " + block[0]);
            w.println(block[1].stripTrailing());
            for (String statement : split(sql)) {
              Matcher set = Pattern.compile("(?i)SET 'table.local-time-zone' = '(.*)'").matcher(statement);
              if (set.matches()) {
                zone = set.group(1);
              }
              try {
                execute(session, statement, zone);
              } catch (Exception e) {
                w.println("#### RUN FAILED: " + statement.lines().findFirst().orElse(""));
                problem(e).forEach(line -> w.println("#### " + line));
                throw e;
              }
            }
          }
          case "try", "query", "fails" -> ask(c, session, zone, block[1].stripTrailing(), sql, w);
          default -> {
            if (block[0].startsWith("output: ")) {
              w.println("---- " + block[0]);
              written(scratch.resolve(block[0].substring(8).strip())).forEach(line -> w.println(line.isEmpty() ? "\\E" : line));
            } // others are answers of an earlier recording
          }
        }
      }
    } finally {
      gateway.closeSession(session);
    }
  }

  /** An expression by itself, or one for each row of a table. */
  private void expression(Case c, SessionHandle session, String zone, PrintStream w) {
    w.println("? " + c.expression);
    String before = c.from == null ? "SELECT " : "SELECT `id`, ";
    String sql = before + c.expression + (c.from == null ? "" : " FROM " + c.from);
    try {
      Answer a = execute(session, sql, zone);
      List<Column> columns = a.schema.getColumns();
      w.println(": " + type(columns.get(columns.size() - 1)));
      if (c.from != null) {
        a.rows.sort(Comparator.comparingInt(r -> Integer.parseInt(r.split("\t")[0])));
      }
      a.rows.forEach(r -> w.println("= " + r));
    } catch (Exception e) {
      for (String line : problem(e)) {
        Matcher m = Pattern.compile("position: line 1, column (\\d+)").matcher(line);
        w.println("! " + (m.matches() ? "position: line 1, column " + (Integer.parseInt(m.group(1)) - before.length()) : line));
      }
    }
  }

  private void ask(Case c, SessionHandle session, String zone, String text, String sql, PrintStream w) {
    try {
      Answer a = execute(session, sql, zone);
      w.println("---- query");
      w.println(text);
      w.println("---- columns");
      a.schema.getColumns().forEach(column -> w.println(column.getName() + "\t" + type(column)));
      boolean query = sql.strip().toUpperCase().matches("(?s)(SELECT|WITH|VALUES|\\(|TABLE).*");
      if (c.order.equals("listing") || !query) {
        w.println("---- rows");
        a.rows.forEach(r -> w.println(r.replace(data.toString(), "${DATA}").replace(scratch.toString(), "${OUT}")));
        return;
      }
      w.println("---- materialised");
      a.materialised().forEach(w::println);
      if (c.order.equals("exact")) {
        w.println("---- changelog");
        for (int i = 0; i < a.rows.size(); i++) {
          w.println(a.kinds.get(i).shortString() + " " + a.rows.get(i));
        }
      }
    } catch (Exception e) {
      w.println("---- fails");
      w.println(text);
      w.println("---- error");
      problem(e).forEach(line -> w.println(line.replace(data.toString(), "${DATA}")));
    }
  }

  /** What a statement gives. */
  private static class Answer {
    ResolvedSchema schema;
    final List<RowKind> kinds = new ArrayList<>();
    final List<String> rows = new ArrayList<>();

    /** The rows that are left when all changes are made, in the order of their code points. */
    List<String> materialised() {
      List<String> left = new ArrayList<>();
      for (int i = 0; i < rows.size(); i++) {
        if (kinds.get(i) == RowKind.INSERT || kinds.get(i) == RowKind.UPDATE_AFTER) {
          left.add(rows.get(i));
        } else {
          left.remove(rows.get(i));
        }
      }
      left.sort((x, y) -> Arrays.compare(x.codePoints().toArray(), y.codePoints().toArray()));
      return left;
    }
  }

  private Answer execute(SessionHandle session, String sql, String zone) throws Exception {
    OperationHandle operation = gateway.executeStatement(session, sql, 0, new Configuration());
    Answer a = new Answer();
    RowDataToStringConverter texts = null;
    long token = 0;
    for (long end = System.currentTimeMillis() + PATIENCE; ; ) {
      if (System.currentTimeMillis() > end) {
        gateway.cancelOperation(session, operation);
        throw new RuntimeException("it does not end");
      }
      OperationInfo info = gateway.getOperationInfo(session, operation);
      if (info.getStatus() == OperationStatus.ERROR) {
        throw new RuntimeException("it failed", info.getException().get());
      }
      ResultSet r = gateway.fetchResults(session, operation, token, 10_000);
      if (r.getResultType() == ResultSet.ResultType.NOT_READY) {
        Thread.sleep(15);
        continue;
      }
      if (a.schema == null) {
        a.schema = r.getResultSchema();
        ClassLoader loader = Record.class.getClassLoader();
        texts =
            new RowDataToStringConverterImpl(
                a.schema.toPhysicalRowDataType(), ZoneId.of(zone), loader, false, new CodeGeneratorContext(new Configuration(), loader));
      }
      for (RowData row : r.getData()) {
        a.kinds.add(row.getRowKind());
        a.rows.add(line(row, a.schema, texts));
      }
      if (r.getResultType() == ResultSet.ResultType.EOS) {
        gateway.closeOperation(session, operation);
        return a;
      }
      token = r.getNextToken();
      if (r.getData().isEmpty()) {
        Thread.sleep(10);
      }
    }
  }

  private static String type(Column column) {
    return column.getDataType().getLogicalType().asSummaryString().replace(" *ROWTIME*", "").replace(" *PROCTIME*", "");
  }

  private static String line(RowData row, ResolvedSchema schema, RowDataToStringConverter texts) {
    String[] values = texts.convert(row);
    List<String> out = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      LogicalType t = schema.getColumns().get(i).getDataType().getLogicalType();
      if (row.isNullAt(i)) {
        out.add("\\N");
      } else if (t.getTypeRoot() == LogicalTypeRoot.BINARY || t.getTypeRoot() == LogicalTypeRoot.VARBINARY) {
        StringBuilder hex = new StringBuilder("x'");
        for (byte b : row.getBinary(i)) {
          hex.append(String.format("%02x", b));
        }
        out.add(hex + "'");
      } else {
        out.add(escaped(values[i]));
      }
    }
    return String.join("\t", out);
  }

  private static String escaped(String s) {
    if (s.isEmpty()) {
      return "\\E";
    }
    StringBuilder b = new StringBuilder();
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '\\' -> b.append("\\\\");
        case '\t' -> b.append("\\t");
        case '\n' -> b.append("\\n");
        case '\r' -> b.append("\\r");
        default -> {
          if (c < 0x20 || c == 0x7f) {
            b.append(String.format("\\x%02x", (int) c));
          } else {
            b.append(c == ' ' && (i == 0 || i == s.length() - 1) ? "\\s" : c);
          }
        }
      }
    }
    return b.toString();
  }

  /** At what stage it failed, with which exception, where in the text, and what it says. */
  private static List<String> problem(Throwable e) {
    List<Throwable> chain = new ArrayList<>();
    for (Throwable x = e; x != null && !chain.contains(x); x = x.getCause()) {
      chain.add(x);
    }
    Throwable told = chain.get(chain.size() - 1);
    String stage = null;
    StringBuilder said = new StringBuilder();
    for (Throwable x : chain) {
      String name = x.getClass().getSimpleName();
      String message = "" + x.getMessage();
      said.append(message).append("\n");
      if (name.equals("SqlParserException") || name.equals("SqlParserEOFException")) {
        stage = "parse";
        told = x;
        break;
      }
      if (name.contains("JobExecutionException") || name.contains("JobException") || message.contains("Job failed") || message.contains("Failed to fetch next result")) {
        stage = "runtime";
      } else if (stage == null && (name.equals("ValidationException") || name.equals("CalciteContextException") || name.equals("SqlValidatorException"))) {
        stage = "validation";
      }
    }
    stage = stage == null ? "plan" : stage;
    String name = told.getClass().getSimpleName();
    String message = told.getMessage() == null ? "" : told.getMessage();
    Matcher wrapped = Pattern.compile("^([\\w.$]+(Exception|Error)): ").matcher(message);
    if (name.equals("SerializedThrowable") && wrapped.find()) {
      name = wrapped.group(1).replaceAll(".*[.$]", "");
      message = message.substring(wrapped.end());
    }
    List<String> out = new ArrayList<>(List.of("kind: " + stage, "class: " + name));
    Matcher place = Pattern.compile("(?i)(?:from |at )?line (\\d+), column (\\d+)").matcher(said);
    if (!stage.equals("runtime") && place.find()) {
      out.add("position: line " + place.group(1) + ", column " + place.group(2));
    }
    message.replaceFirst("^SQL parse failed\\. ", "").lines().filter(l -> !l.isBlank()).limit(3).forEach(l -> out.add("message: " + l.strip()));
    return out;
  }

  /** Statements end with a semicolon at the end of a line, statement sets with END;. */
  private static List<String> split(String text) {
    List<String> out = new ArrayList<>();
    StringBuilder b = new StringBuilder();
    for (String line : text.split("\n", -1)) {
      b.append(line).append("\n");
      String soFar = b.toString().strip().toUpperCase();
      boolean set = soFar.startsWith("EXECUTE STATEMENT SET") || soFar.startsWith("BEGIN STATEMENT SET");
      if (line.strip().endsWith(";") && (!set || line.strip().equalsIgnoreCase("END;"))) {
        String s = b.toString().strip();
        out.add(s.substring(0, s.length() - 1));
        b.setLength(0);
      }
    }
    if (!b.toString().isBlank()) {
      out.add(b.toString().strip());
    }
    return out;
  }

  private String places(String sql) {
    return sql.replace("${DATA}", data.toString()).replace("${OUT}", scratch.toString());
  }

  /** All lines of the visible files below a folder, sorted, each after the folders that lead to it. */
  private static List<String> written(Path root) throws IOException {
    List<String> out = new ArrayList<>();
    if (!Files.exists(root)) {
      return out;
    }
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = file.getFileName().toString();
        Path folder = root.relativize(file).getParent();
        if (Files.isDirectory(file) || name.startsWith(".") || name.startsWith("_") || (folder != null && folder.toString().startsWith("."))) {
          continue;
        }
        for (String line : Files.readAllLines(file)) {
          out.add((folder == null ? "" : folder + "/: ") + line);
        }
      }
    }
    Collections.sort(out);
    return out;
  }

  private static void empty(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path p : (Iterable<Path>) all.sorted(Comparator.reverseOrder())::iterator) {
        Files.delete(p);
      }
    }
  }
}
