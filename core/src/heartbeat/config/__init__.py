"""ha.cf, haresources and authkeys become one typed ClusterConfig, or findings with place and mend."""
