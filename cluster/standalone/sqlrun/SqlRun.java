import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/** Runs the statements of its arguments on versions of Flink that have no SqlDriver. "C:key=value" is a setting. */
public class SqlRun {
    public static void main(String[] args) {
        TableEnvironment env = TableEnvironment.create(EnvironmentSettings.newInstance().build());
        for (String s : args) {
            if (s.startsWith("C:")) {
                int i = s.indexOf('=');
                env.getConfig().set(s.substring(2, i), s.substring(i + 1));
            } else {
                env.executeSql(s);
            }
        }
    }
}
