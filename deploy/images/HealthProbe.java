import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;

/** Exits 0 when an address of this container answers 200 within 5 s, else 1 and one line on stderr. */
final class HealthProbe {
  private static final int WAIT_MILLIS = 5_000;

  private HealthProbe() {}

  public static void main(String[] arguments) {
    String address = arguments[0];
    try {
      HttpURLConnection connection =
          (HttpURLConnection) URI.create(address).toURL().openConnection();
      connection.setConnectTimeout(WAIT_MILLIS);
      connection.setReadTimeout(WAIT_MILLIS);
      int status = connection.getResponseCode();
      if (status != HttpURLConnection.HTTP_OK) {
        System.err.println("probe " + address + ": status " + status);
        System.exit(1);
      }
    } catch (IOException e) {
      System.err.println("probe " + address + ": " + e.getMessage());
      System.exit(1);
    }
  }
}
